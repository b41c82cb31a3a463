//! enlace.
