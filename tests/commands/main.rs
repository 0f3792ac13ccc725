//! The commands as people run them: their output, their exit codes, and the files they write.

mod init_choices;
mod init_files;
mod init_real;
mod small;
mod status;
mod support;
