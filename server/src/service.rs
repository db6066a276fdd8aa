//! The three services of the chain: their names, paths, and greetings.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    One,
    Two,
    Three,
}

impl Service {
    /// As in a path and in the JSON form.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "service1",
            Self::Two => "service2",
            Self::Three => "service3",
        }
    }

    pub(crate) fn path(self) -> &'static str {
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
