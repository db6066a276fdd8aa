//! How a request gets into a lane at the gateway: rules of the public route, in the order in which they decide.
//!
//! Who names a lane in the header is taken at his word, then the query, then a cookie; only who does none of that may be
//! drawn. Each rule but the first kind writes the header, so that the request is in its lane from here on.

use super::draw;
use crate::model::{Edge, Entry, LANE_HEADER};
use kcr_networking_istio_io::v1::virtualservices::{
    VirtualServiceHttp, VirtualServiceHttpHeaders, VirtualServiceHttpHeadersRequest,
    VirtualServiceHttpMatch, VirtualServiceHttpMatchHeaders, VirtualServiceHttpMatchQueryParams,
    VirtualServiceHttpMatchWithoutHeaders, VirtualServiceHttpRoute,
};
use std::collections::BTreeMap;

/// The query parameter and the cookie by which a tester names a lane.
const LANE: &str = "lane";

/// A rule by which requests enter `lane`; `route` leads to the lane's own pods, or to the baseline where it has none.
pub(crate) fn rule(
    entry: Entry,
    edge: Edge,
    lane: &str,
    route: VirtualServiceHttpRoute,
) -> VirtualServiceHttp {
    let (name, mut matched) = match entry {
        Entry::Header => (format!("lane-{lane}"), header(LANE_HEADER, exact(lane))),
        Entry::Query => (format!("lane-{lane}-by-query"), query(lane)),
        Entry::Cookie => {
            let pattern = draw::cookie_pattern(LANE, lane);
            (format!("lane-{lane}-by-cookie"), header("cookie", regex(pattern)))
        }
    };
    let mut rule = VirtualServiceHttp {
        name: Some(name),
        route: Some(vec![route]),
        ..VirtualServiceHttp::default()
    };
    if entry != Entry::Header {
        matched.without_headers = unasked(edge);
        rule.headers = Some(marked(lane));
    }
    rule.r#match = Some(vec![matched]);
    rule
}

/// At an open edge, only requests that ask for no lane by the header are looked at further. A closed edge does not look at
/// the header: it may come from anyone.
pub(crate) fn unasked(
    edge: Edge,
) -> Option<BTreeMap<String, VirtualServiceHttpMatchWithoutHeaders>> {
    let any = VirtualServiceHttpMatchWithoutHeaders::default();
    (edge == Edge::Open).then(|| BTreeMap::from([(LANE_HEADER.to_owned(), any)]))
}

/// The request carries the lane from here on.
pub(crate) fn marked(lane: &str) -> VirtualServiceHttpHeaders {
    let request = VirtualServiceHttpHeadersRequest {
        set: Some(BTreeMap::from([(LANE_HEADER.to_owned(), lane.to_owned())])),
        ..VirtualServiceHttpHeadersRequest::default()
    };
    VirtualServiceHttpHeaders { request: Some(request), response: None }
}

/// What a closed edge does to requests that no entry grants a lane.
pub(crate) fn stripped() -> VirtualServiceHttpHeaders {
    let request = VirtualServiceHttpHeadersRequest {
        remove: Some(vec![LANE_HEADER.to_owned()]),
        ..VirtualServiceHttpHeadersRequest::default()
    };
    VirtualServiceHttpHeaders { request: Some(request), response: None }
}

pub(crate) fn header(name: &str, value: VirtualServiceHttpMatchHeaders) -> VirtualServiceHttpMatch {
    VirtualServiceHttpMatch {
        headers: Some(BTreeMap::from([(name.to_owned(), value)])),
        ..VirtualServiceHttpMatch::default()
    }
}

pub(crate) fn exact(value: &str) -> VirtualServiceHttpMatchHeaders {
    VirtualServiceHttpMatchHeaders {
        exact: Some(value.to_owned()),
        ..VirtualServiceHttpMatchHeaders::default()
    }
}

pub(crate) fn regex(pattern: String) -> VirtualServiceHttpMatchHeaders {
    VirtualServiceHttpMatchHeaders {
        regex: Some(pattern),
        ..VirtualServiceHttpMatchHeaders::default()
    }
}

fn query(lane: &str) -> VirtualServiceHttpMatch {
    let value = VirtualServiceHttpMatchQueryParams {
        exact: Some(lane.to_owned()),
        ..VirtualServiceHttpMatchQueryParams::default()
    };
    VirtualServiceHttpMatch {
        query_params: Some(BTreeMap::from([(LANE.to_owned(), value)])),
        ..VirtualServiceHttpMatch::default()
    }
}
