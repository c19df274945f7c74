//! Stands in for the crate of this name, which `serde_avro_fast` (MPL-2.0) needs for one macro and whose own licence
//! (LGPL-3.0-only) is not among those that accrue links. Written from the macro's uses alone.
//!
//! `serializer_unsupported!` stands in an `impl serde::Serializer` and answers an error for each named part of serde's
//! data model. Remove it with its `[patch]` once `serde_avro_fast` does without.
#![no_std]

#[doc(hidden)]
pub use serde;

/// Answers `err` for every part that is named.
#[macro_export]
macro_rules! serializer_unsupported {
    (err = ($err:expr); $($part:tt)*) => { $($crate::unsupported_part!($part $err);)* };
}

#[doc(hidden)]
#[macro_export]
macro_rules! unsupported_part {
    (bool $err:expr) => { $crate::unsupported_method!(serialize_bool(bool) $err); };
    (i8 $err:expr) => { $crate::unsupported_method!(serialize_i8(i8) $err); };
    (i16 $err:expr) => { $crate::unsupported_method!(serialize_i16(i16) $err); };
    (i32 $err:expr) => { $crate::unsupported_method!(serialize_i32(i32) $err); };
    (i64 $err:expr) => { $crate::unsupported_method!(serialize_i64(i64) $err); };
    (i128 $err:expr) => { $crate::unsupported_method!(serialize_i128(i128) $err); };
    (u8 $err:expr) => { $crate::unsupported_method!(serialize_u8(u8) $err); };
    (u16 $err:expr) => { $crate::unsupported_method!(serialize_u16(u16) $err); };
    (u32 $err:expr) => { $crate::unsupported_method!(serialize_u32(u32) $err); };
    (u64 $err:expr) => { $crate::unsupported_method!(serialize_u64(u64) $err); };
    (u128 $err:expr) => { $crate::unsupported_method!(serialize_u128(u128) $err); };
    (f32 $err:expr) => { $crate::unsupported_method!(serialize_f32(f32) $err); };
    (f64 $err:expr) => { $crate::unsupported_method!(serialize_f64(f64) $err); };
    (char $err:expr) => { $crate::unsupported_method!(serialize_char(char) $err); };
    (str $err:expr) => { $crate::unsupported_method!(serialize_str(&str) $err); };
    (bytes $err:expr) => { $crate::unsupported_method!(serialize_bytes(&[u8]) $err); };
    (none $err:expr) => { $crate::unsupported_method!(serialize_none() $err); };
    (unit $err:expr) => { $crate::unsupported_method!(serialize_unit() $err); };
    (unit_struct $err:expr) => { $crate::unsupported_method!(serialize_unit_struct(&'static str) $err); };
    (unit_variant $err:expr) => { $crate::unsupported_method!(serialize_unit_variant(&'static str, u32, &'static str) $err); };
    (some $err:expr) => { $crate::unsupported_wrapper!(serialize_some() $err); };
    (newtype_struct $err:expr) => { $crate::unsupported_wrapper!(serialize_newtype_struct(&'static str) $err); };
    (newtype_variant $err:expr) => {
        $crate::unsupported_wrapper!(serialize_newtype_variant(&'static str, u32, &'static str) $err);
    };
    (seq $err:expr) => { $crate::unsupported_compound!(SerializeSeq serialize_seq(Option<usize>) $err); };
    (tuple $err:expr) => { $crate::unsupported_compound!(SerializeTuple serialize_tuple(usize) $err); };
    (tuple_struct $err:expr) => {
        $crate::unsupported_compound!(SerializeTupleStruct serialize_tuple_struct(&'static str, usize) $err);
    };
    (tuple_variant $err:expr) => {
        $crate::unsupported_compound!(SerializeTupleVariant serialize_tuple_variant(&'static str, u32, &'static str, usize) $err);
    };
    (map $err:expr) => { $crate::unsupported_compound!(SerializeMap serialize_map(Option<usize>) $err); };
    (struct $err:expr) => { $crate::unsupported_compound!(SerializeStruct serialize_struct(&'static str, usize) $err); };
    (struct_variant $err:expr) => {
        $crate::unsupported_compound!(
            SerializeStructVariant serialize_struct_variant(&'static str, u32, &'static str, usize) $err
        );
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! unsupported_method {
    ($name:ident($($argument:ty),*) $err:expr) => {
        fn $name(self, $(_: $argument),*) -> ::core::result::Result<Self::Ok, Self::Error> {
            ::core::result::Result::Err($err)
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! unsupported_wrapper {
    ($name:ident($($argument:ty),*) $err:expr) => {
        fn $name<T: ?Sized + $crate::serde::Serialize>(
            self,
            $(_: $argument,)*
            _: &T,
        ) -> ::core::result::Result<Self::Ok, Self::Error> {
            ::core::result::Result::Err($err)
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! unsupported_compound {
    ($kind:ident $name:ident($($argument:ty),*) $err:expr) => {
        type $kind = $crate::serde::ser::Impossible<Self::Ok, Self::Error>;

        fn $name(self, $(_: $argument),*) -> ::core::result::Result<Self::$kind, Self::Error> {
            ::core::result::Result::Err($err)
        }
    };
}
