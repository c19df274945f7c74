//! The `accrue` binary: everything is in `accrue::cli`.

/// Many small states are made on one thread and dropped on another: profiles of glibc's allocator show it on top of both
/// stages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    accrue::cli::main()
}
