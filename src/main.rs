//! The `accrue` binary: everything is in `accrue::cli`.

/// Many small states are made and dropped on several threads: measured, it halves what glibc's allocator costs and keeps.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    accrue::cli::main()
}
