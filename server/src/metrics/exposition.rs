//! Families of metrics go in, the Prometheus text format comes out: the same as the library's, in half the time.
//!
//! Nearly all of the text are the buckets of histograms, for each of which the library writes all labels and both
//! numbers anew, piece by piece. Here what the lines of one histogram have in common is written once and copied.

use std::{borrow::Cow, collections::HashMap, fmt::Write};

use prometheus::{
    Result, TextEncoder,
    proto::{Metric, MetricFamily, MetricType},
};

/// The upper bounds of buckets as they are written, since a bound never changes and a float takes long to write.
#[derive(Debug, Default)]
pub(super) struct Bounds(HashMap<u64, String>);

impl Bounds {
    pub(super) fn of(bounds: impl IntoIterator<Item = f64>) -> Self {
        Self(bounds.into_iter().map(|bound| (bound.to_bits(), bound.to_string())).collect())
    }

    fn text(&self, bound: f64) -> Cow<'_, str> {
        let known = self.0.get(&bound.to_bits()).map(|text| Cow::Borrowed(text.as_str()));
        known.unwrap_or_else(|| bound.to_string().into())
    }
}

/// `capacity` is a guess at the length of the text, in bytes.
pub(super) fn text(families: &[MetricFamily], bounds: &Bounds, capacity: usize) -> Result<String> {
    let mut text = String::with_capacity(capacity);
    for family in families {
        if family.get_field_type() == MetricType::HISTOGRAM {
            histograms(&mut text, family, bounds);
        } else {
            TextEncoder::new().encode_utf8(std::slice::from_ref(family), &mut text)?;
        }
    }
    Ok(text)
}

fn histograms(text: &mut String, family: &MetricFamily, bounds: &Bounds) {
    let (name, help) = (family.name(), escaped(family.help(), &['\\', '\n']));
    push(text, &["# HELP ", name, " ", &help, "\n# TYPE ", name, " histogram\n"]);
    for metric in family.get_metric() {
        let labels = labels(metric);
        let comma = if labels.is_empty() { "" } else { "," };
        let mut bucket = String::with_capacity(name.len() + labels.len() + 16);
        push(&mut bucket, &[name, "_bucket{", &labels, comma, "le=\""]);
        let mut add_bucket = |bound: &str, count: u64| {
            push(text, &[&bucket, bound, "\"} "]);
            // A `String` takes all that is written to it.
            let _ = writeln!(text, "{count}");
        };
        let histogram = metric.get_histogram();
        let (sum, count) = (histogram.get_sample_sum(), histogram.get_sample_count());
        for step in histogram.get_bucket() {
            add_bucket(&bounds.text(step.upper_bound()), step.cumulative_count());
        }
        add_bucket("+Inf", count);
        let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
        let _ = writeln!(text, "{name}_sum{labels} {sum}\n{name}_count{labels} {count}");
    }
}

fn labels(metric: &Metric) -> String {
    let mut text = String::with_capacity(128);
    for label in metric.get_label() {
        let separator = if text.is_empty() { "" } else { "," };
        let value = escaped(label.value(), &['\\', '\n', '"']);
        push(&mut text, &[separator, label.name(), "=\"", &value, "\""]);
    }
    text
}

fn push(text: &mut String, pieces: &[&str]) {
    for piece in pieces {
        text.push_str(piece);
    }
}

/// A backslash before each of `special`, and a line feed by its letter.
fn escaped<'a>(text: &'a str, special: &[char]) -> Cow<'a, str> {
    if !text.contains(special) {
        return text.into();
    }
    let escape = |character| match character {
        '\n' => "\\n".to_owned(),
        special_one if special.contains(&special_one) => format!("\\{special_one}"),
        other => other.to_string(),
    };
    text.chars().map(escape).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use prometheus::{HistogramOpts, HistogramVec, IntCounter, Opts, Registry};

    use super::*;

    #[test]
    fn the_text_is_what_the_library_writes() {
        let registry = Registry::new();
        let options = HistogramOpts::new("first", "A \"help\" with \\ and\na second line")
            .const_label("lane", "a\\b\"c\nd")
            .buckets(vec![0.005, 1.0, 2.5]);
        let first = HistogramVec::new(options, &["method", "status"]).unwrap();
        let second = prometheus::Histogram::with_opts(HistogramOpts::new("second", "h")).unwrap();
        let options = Opts::new("third", "h").const_label("version", "v1");
        let third = IntCounter::with_opts(options).unwrap();
        registry.register(Box::new(first.clone())).unwrap();
        registry.register(Box::new(second.clone())).unwrap();
        registry.register(Box::new(third.clone())).unwrap();
        for value in [0.0, 0.005, 0.1, 1.75, 1e9] {
            first.with_label_values(&["GET", "200"]).observe(value);
            first.with_label_values(&["_OTHER", "404"]).observe(value / 3.0);
        }
        third.inc();
        let families = registry.gather();
        let expected = TextEncoder::new().encode_to_string(&families).unwrap();
        for bounds in [Bounds::default(), Bounds::of([0.005, 1.0, 2.5])] {
            assert_eq!(text(&families, &bounds, 0).unwrap(), expected);
        }
        assert!(
            expected.contains("first_bucket{lane=\"a\\\\b\\\"c\\nd\",method=\"GET\""),
            "{expected}"
        );
    }
}
