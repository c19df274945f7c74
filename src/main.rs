//! The `accrue` binary: everything is in `accrue::cli`.

fn main() -> std::process::ExitCode {
    accrue::cli::main()
}
