//! The three services of the chain: their names, paths, and greetings.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    One,
    Two,
    Three,
}

impl Service {
    /// The one that it calls; the last one calls none.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::One => Some(Self::Two),
            Self::Two => Some(Self::Three),
            Self::Three => None,
        }
    }

    /// As in a path and in the JSON form.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "service1",
            Self::Two => "service2",
            Self::Three => "service3",
        }
    }

    pub fn path(self) -> &'static str {
        match self {
            Self::One => "/hello/service1",
            Self::Two => "/hello/service2",
            Self::Three => "/hello/service3",
        }
    }

    pub(crate) fn greeting(self) -> &'static str {
        match self {
            Self::One => "Hello, Service1!\n",
            Self::Two => "Hello, Service2!\n",
            Self::Three => "Hello, Service3!\n",
        }
    }
}
