//! How a decision says no: an enum of reasons that carry facts, each with a code for programs and a sentence for people.

/// A value the caller sent is missing or malformed. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Path inside the input: `["contact", "email"]`.
    pub field: Vec<String>,
    /// What is wrong and what to send instead.
    pub message: String,
}

impl Malformed {
    /// A problem with one field.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.split('.').map(str::to_owned).collect(), message: message.into() }
    }
}

/// What every enum of reasons can tell the API.
pub trait Reason: From<Malformed> {
    /// The closed set of codes of this decision.
    type Code;
    /// The code a program switches on.
    fn code(&self) -> Self::Code;
    /// The input field it is about, or none when the whole operation is meant.
    fn field(&self) -> Option<Vec<String>>;
    /// Plain English, safe to show to the person who asked.
    fn message(&self) -> String;
    /// Something the input names does not exist, or is not the caller's to see: the two look the same.
    fn not_found(field: &str) -> Self;
}

/// A decision that creates something, and so honours an idempotency key.
pub trait Creates: Reason {
    /// The key came before, with other input.
    fn key_reused() -> Self;
}

/// Declares an enum of reasons and the enum of its codes, with the same descriptions.
///
/// Each has two variants besides its own: `Invalid` (a malformed value) and `NotFound`. Beside each variant stand the input
/// field it is about, `""` for the whole operation, and the sentence; both may use its facts. A last line `creates` adds
/// `IdempotencyMismatch`.
macro_rules! reasons {
    (@emit $(#[$meta:meta])* $name:ident => $code:ident { $(
        $(#[doc = $doc:literal])+
        $variant:ident $({ $($fact:ident : $ty:ty),* $(,)? })? at $field:expr => $message:expr
    ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $($(#[doc = $doc])+ $variant $({ $(#[allow(missing_docs)] $fact: $ty),* })?,)*
            /// A value is missing or malformed.
            Invalid($crate::reason::Malformed),
            /// What the field names does not exist, or is not the caller's to see.
            NotFound { #[allow(missing_docs)] field: Vec<String> },
        }

        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "graphql", derive(async_graphql::Enum))]
        pub enum $code {
            $($(#[doc = $doc])+ $variant,)*
            /// A value is missing or malformed: `field` names it, `message` says what to send.
            Invalid,
            /// What `field` names does not exist, or is not the caller's to see.
            NotFound,
        }

        impl From<$crate::reason::Malformed> for $name {
            fn from(malformed: $crate::reason::Malformed) -> Self {
                Self::Invalid(malformed)
            }
        }

        impl $crate::reason::Reason for $name {
            type Code = $code;

            fn code(&self) -> $code {
                match self {
                    $(Self::$variant $({ $($fact: _),* })? => $code::$variant,)*
                    Self::Invalid(_) => $code::Invalid,
                    Self::NotFound { .. } => $code::NotFound,
                }
            }

            #[allow(unused_variables, unreachable_code, reason = "a decision may have no reasons of its own")]
            fn field(&self) -> Option<Vec<String>> {
                let path: String = match self {
                    $(Self::$variant $({ $($fact),* })? => $field.to_string(),)*
                    Self::Invalid(malformed) => return Some(malformed.field.clone()),
                    Self::NotFound { field } => return Some(field.clone()),
                };
                (!path.is_empty()).then(|| path.split('.').map(str::to_owned).collect())
            }

            #[allow(unused_variables)]
            fn message(&self) -> String {
                match self {
                    $(Self::$variant $({ $($fact),* })? => $message.to_string(),)*
                    Self::Invalid(malformed) => malformed.message.clone(),
                    Self::NotFound { field } => "There is nothing with this id that you can use here: check the id.".to_owned(),
                }
            }

            fn not_found(field: &str) -> Self {
                Self::NotFound { field: field.split('.').map(str::to_owned).collect() }
            }
        }
    };
    ($(#[$meta:meta])* $name:ident => $code:ident { $($body:tt)* } creates) => {
        $crate::reason::reasons! { @emit $(#[$meta])* $name => $code {
            $($body)*
            /// The idempotency key came before with other input: use a new key for a new request.
            IdempotencyMismatch at "idempotencyKey" => "This idempotencyKey was used before with other input: send a new key for a new request.",
        } }

        impl $crate::reason::Creates for $name {
            fn key_reused() -> Self {
                Self::IdempotencyMismatch
            }
        }
    };
    ($(#[$meta:meta])* $name:ident => $code:ident { $($body:tt)* }) => {
        $crate::reason::reasons! { @emit $(#[$meta])* $name => $code { $($body)* } }
    };
}
pub(crate) use reasons;
