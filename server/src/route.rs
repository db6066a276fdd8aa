//! The path of a request goes in, the route that answers it comes out: everything that is served.

use crate::service::Service;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Golang,
    Rust,
    Hop(Service),
    Health,
    Readiness,
    Metrics,
    /// Any other path.
    Unmatched,
}

impl Route {
    pub(crate) const ALL: [Self; 9] = [
        Self::Golang,
        Self::Rust,
        Self::Hop(Service::One),
        Self::Hop(Service::Two),
        Self::Hop(Service::Three),
        Self::Health,
        Self::Readiness,
        Self::Metrics,
        Self::Unmatched,
    ];

    pub fn of(path: &str) -> Self {
        match path {
            "/hello/golang" => Self::Golang,
            "/hello/rust" => Self::Rust,
            "/hello/service1" => Self::Hop(Service::One),
            "/hello/service2" => Self::Hop(Service::Two),
            "/hello/service3" => Self::Hop(Service::Three),
            "/healthz" => Self::Health,
            "/readyz" => Self::Readiness,
            "/metrics" => Self::Metrics,
            _ => Self::Unmatched,
        }
    }

    /// Where it stands in `ALL`.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Golang => 0,
            Self::Rust => 1,
            Self::Hop(Service::One) => 2,
            Self::Hop(Service::Two) => 3,
            Self::Hop(Service::Three) => 4,
            Self::Health => 5,
            Self::Readiness => 6,
            Self::Metrics => 7,
            Self::Unmatched => 8,
        }
    }

    /// `http.route` of OpenTelemetry's conventions: never a raw path, and empty where no route matched.
    pub(crate) fn template(self) -> &'static str {
        match self {
            Self::Golang => "/hello/golang",
            Self::Rust => "/hello/rust",
            Self::Hop(service) => service.path(),
            Self::Health => "/healthz",
            Self::Readiness => "/readyz",
            Self::Metrics => "/metrics",
            Self::Unmatched => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_answers_the_path_that_is_its_template() {
        for (index, route) in Route::ALL.into_iter().enumerate() {
            assert_eq!((Route::of(route.template()), route.index()), (route, index));
        }
        assert_eq!(Route::of("/healthz/"), Route::Unmatched);
    }
}
