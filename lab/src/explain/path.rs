//! The path of a request → the path that Envoy routes by, with `normalize_path` and escaped slashes kept.
//!
//! Source: `PathUtil::canonicalPath` in Envoy's `source/common/http/path_utility.cc`, which is `CanonicalizePath` of
//! Chromium's URL library: `.` and `..` are resolved, also as `%2e`, and letters, digits and `-._~` are unescaped.

/// `path` begins with a slash and is without a query. None: Envoy answers 400.
pub(super) fn canonical(path: &str) -> Option<String> {
    if path.contains("%00") {
        return None;
    }
    let mut canonical = String::with_capacity(path.len());
    let mut rest = path;
    while !rest.is_empty() {
        if canonical.ends_with('/')
            && let Some((dots, after)) = dot_segment(rest)
        {
            if dots == 2 {
                leave_folder(&mut canonical);
            }
            rest = after;
            continue;
        }
        let (character, length) = character(rest);
        match character {
            Some(plain) => canonical.push(plain),
            // An escape that stays as it was written.
            None => canonical.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    Some(canonical)
}

/// A segment of one or two dots at the beginning: the number, and what follows it and its slash.
fn dot_segment(rest: &str) -> Option<(usize, &str)> {
    let end = |after: &'_ str| after.is_empty() || after.starts_with('/');
    let dot = |text: &'_ str| match character(text) {
        (Some('.'), length) => Some(length),
        _ => None,
    };
    let first = &rest[dot(rest)?..];
    let (dots, after) = if end(first) { (1, first) } else { (2, &first[dot(first)?..]) };
    end(after).then(|| (dots, after.strip_prefix('/').unwrap_or(after)))
}

/// Removes the last segment; `path` ends in a slash, and its first one stays.
fn leave_folder(path: &mut String) {
    path.pop();
    let parent = path.rfind('/').map_or(0, |slash| slash);
    path.truncate(parent);
    path.push('/');
}

/// The first character, unless it is an escape that must stay one, and how long it is written.
fn character(text: &str) -> (Option<char>, usize) {
    let escaped = text
        .strip_prefix('%')
        .and_then(|digits| digits.get(..2))
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match (escaped, text.chars().next()) {
        (Some(byte), _) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
            (Some(char::from(byte)), 3)
        }
        (Some(_), _) => (None, 3),
        (None, first) => (first, first.map_or(0, char::len_utf8)),
    }
}
