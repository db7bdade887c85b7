//! Why a document is refused, in words for the person who wrote it.

use async_graphql::Pos;

use crate::graphql::code::Code;

/// A refusal and, where one place is to blame, that place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    pub why: Why,
    pub at: Option<Pos>,
}

impl Refusal {
    pub fn code(&self) -> Code {
        self.why.code()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("Syntax error: {0}.")]
    Syntax(String),
    #[error("The document is not valid: {0}.")]
    Definitions(String),
    #[error("The document has more than {0} tokens.")]
    Tokens(usize),
    #[error("A name is longer than {0} characters.")]
    NameLength(usize),
    #[error("The names in the document have more than {0} characters in all.")]
    Names(usize),
    #[error("Variables are named in more than {0} places.")]
    VariableUses(usize),
    #[error("Brackets are nested more than {0} deep.")]
    Brackets(usize),
    #[error("Selections are nested more than {0} deep, fragments included.")]
    Nesting(u32),
    #[error("The document selects more than {0} fields, fragments spread out.")]
    Fields(u64),
    #[error("Fields are nested more than {0} deep.")]
    Depth(u32),
    #[error("Introspection is nested too deep.")]
    Introspection,
    #[error("The operation has more than {0} aliases, fragments spread out.")]
    Aliases(u64),
    #[error("The operation has more than {0} fields at its root.")]
    Roots(u64),
    #[error("There are more than {0} directives in one place.")]
    Directives(usize),
    #[error("The operation costs {cost} points; the most allowed is {most}.")]
    Cost { cost: u64, most: u64 },
    #[error("Fragment \"{0}\" spreads itself.")]
    FragmentCycle(String),
    #[error("The mutation names \"{0}\" twice, which would run it twice: give each its own alias.")]
    RepeatedMutation(String),
    #[error("A subscription has exactly one field at its root, without a condition, and not an introspection field.")]
    SubscriptionRoot,
    #[error("Argument \"{argument}\" of \"{field}\" must be between 0 and {most}.")]
    PageSize { field: String, argument: &'static str, most: i64 },
    #[error("Arguments \"first\" and \"last\" of \"{0}\" exclude each other: send one of them.")]
    PageBothEnds(String),
    #[error("More than {0} variables were sent.")]
    Variables(usize),
    #[error("Variable \"${name}\" is nested more than {most} deep.")]
    VariableDepth { name: String, most: usize },
    #[error("Variable \"${name}\" of type \"{expected}\" is required.")]
    VariableRequired { name: String, expected: String },
    #[error("Variable \"${name}\" of type \"{of}\" does not fit a place of type \"{expected}\".")]
    VariableType { name: String, of: String, expected: String },
    #[error("The document has no operation with the name sent as \"operationName\".")]
    OperationUnknown,
    #[error("The document has several operations: name one of them in \"operationName\".")]
    OperationUnnamed,
}

impl Why {
    pub fn code(&self) -> Code {
        match self {
            Self::Syntax(_) => Code::GraphqlParseFailed,
            Self::Definitions(_)
            | Self::FragmentCycle(_)
            | Self::RepeatedMutation(_)
            | Self::SubscriptionRoot
            | Self::VariableType { .. } => Code::GraphqlValidationFailed,
            Self::PageSize { .. }
            | Self::PageBothEnds(_)
            | Self::VariableRequired { .. }
            | Self::OperationUnknown
            | Self::OperationUnnamed => Code::BadUserInput,
            Self::Tokens(_)
            | Self::NameLength(_)
            | Self::Names(_)
            | Self::VariableUses(_)
            | Self::Brackets(_)
            | Self::Nesting(_)
            | Self::Fields(_)
            | Self::Depth(_)
            | Self::Introspection
            | Self::Aliases(_)
            | Self::Roots(_)
            | Self::Directives(_)
            | Self::Cost { .. }
            | Self::Variables(_)
            | Self::VariableDepth { .. } => Code::OperationTooComplex,
        }
    }

    pub(super) fn at(self, pos: Pos) -> Refusal {
        Refusal { why: self, at: Some(pos) }
    }

    pub(super) fn nowhere(self) -> Refusal {
        Refusal { why: self, at: None }
    }
}
