//! The `accrue` binary: everything is in `accrue::cli`.

/// Many small states are made on one thread and dropped on another: profiles of glibc's allocator show it on top of both
/// stages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 3, which its crate does not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// What was freed goes back to the system after so long, not after a second: each transaction frees what the next one needs
/// elsewhere. Draining 1 GiB had its peak at 395 MiB with a second and at 367 with this (`benches/memory.rs`, dev profile).
const PURGE_DELAY_MS: std::ffi::c_long = 10;

fn main() -> std::process::ExitCode {
    // SAFETY: the option is one of the version that is linked, and takes any number.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, PURGE_DELAY_MS) };
    accrue::cli::main()
}
