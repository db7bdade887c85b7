//! Counts tokens and open brackets without parsing.
//!
//! It must see at least as many tokens as the parser would: a string that never ends is refused
//! here, because the parser's grammar would back up and read what follows as something else.

use async_graphql::Pos;

use super::{Limits, Refusal, Why};

/// Refuses a text that is too long or too deep to be parsed at all.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), Refusal> {
    let mut lexer = Lexer { text, offset: 0 };
    let mut sums = Sums::default();
    while let Some((start, token)) = lexer.next()? {
        sums.add(token, lexer.offset - start);
        sums.check(limits).map_err(|why| why.at(position(text, start)))?;
    }
    Ok(())
}

/// What has been seen so far.
#[derive(Default)]
struct Sums {
    tokens: usize,
    open: usize,
    variables: usize,
    names: usize,
    longest: usize,
}

impl Sums {
    fn add(&mut self, token: Token, length: usize) {
        self.tokens += 1;
        match token {
            Token::Open => self.open += 1,
            Token::Close => self.open = self.open.saturating_sub(1),
            Token::Dollar => self.variables += 1,
            Token::Name => {
                self.names += length;
                self.longest = self.longest.max(length);
            }
            Token::Other => {}
        }
    }

    fn check(&self, limits: &Limits) -> Result<(), Why> {
        let sums = [
            (self.tokens > limits.tokens, Why::Tokens(limits.tokens)),
            (self.open > limits.brackets, Why::Brackets(limits.brackets)),
            (self.longest > limits.name_length, Why::NameLength(limits.name_length)),
            (self.names > limits.names, Why::Names(limits.names)),
            (self.variables > limits.variable_uses, Why::VariableUses(limits.variable_uses)),
        ];
        let past = sums.into_iter().find(|(is_past, _)| *is_past);
        past.map_or(Ok(()), |(_, why)| Err(why))
    }
}

enum Token {
    Open,
    Close,
    Dollar,
    Name,
    Other,
}

struct Lexer<'a> {
    text: &'a str,
    /// Always on a character boundary.
    offset: usize,
}

impl Lexer<'_> {
    /// The next token and where it starts; the offset is then behind it.
    fn next(&mut self) -> Result<Option<(usize, Token)>, Refusal> {
        self.skip_ignored();
        let start = self.offset;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        let (token, length) = match first {
            '{' | '[' | '(' => (Token::Open, 1),
            '}' | ']' | ')' => (Token::Close, 1),
            '$' => (Token::Dollar, 1),
            '"' => (Token::Other, self.string()?),
            '.' if rest.starts_with("...") => (Token::Other, 3),
            c if in_word(c) => (Token::Name, rest.find(|c| !in_word(c)).unwrap_or(rest.len())),
            c => (Token::Other, c.len_utf8()),
        };
        self.offset += length;
        Ok(Some((start, token)))
    }

    fn rest(&self) -> &str {
        &self.text[self.offset..]
    }

    fn skip_ignored(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(is_ignored).len();
            let comment = match &rest[blank..] {
                tail if tail.starts_with('#') => tail.find(['\n', '\r']).unwrap_or(tail.len()),
                _ => 0,
            };
            self.offset += blank + comment;
            if comment == 0 {
                return;
            }
        }
    }

    fn string(&self) -> Result<usize, Refusal> {
        let rest = self.rest();
        let length = if rest.starts_with("\"\"\"") { block_length(rest) } else { string_length(rest) };
        length.ok_or_else(|| {
            let why = Why::Syntax("a string does not end".to_owned());
            why.at(position(self.text, self.offset))
        })
    }
}

/// Bytes up to the closing quote, which must be on the same line.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'\n' | b'\r' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// Bytes up to the closing three quotes, of which a backslash makes ordinary text.
fn block_length(text: &str) -> Option<usize> {
    let mut offset = 3;
    loop {
        let quotes = offset + text[offset..].find("\"\"\"")?;
        offset = quotes + 3;
        if !text[..quotes].ends_with('\\') {
            return Some(offset);
        }
    }
}

fn is_ignored(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}')
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn position(text: &str, offset: usize) -> Pos {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Pos { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}
