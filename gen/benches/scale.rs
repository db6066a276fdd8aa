//! How the time of rendering and checking grows with the lab: 10, 100 and 1,000 services, 10 lanes each.
//!
//! A service calls the two after twice its number, so the calls fan out; each lane has all services.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use manifests::layout;
use manifests::model::{Call, Lab, Lane, Service};
use std::time::{Duration, Instant};

const LANES: usize = 10;
const ROUNDS: usize = 5;

fn main() {
    println!(
        "{:>9} {:>8} {:>8} {:>9} {:>10} {:>12} {:>14}",
        "services", "lanes", "objects", "MB", "median", "µs/object", "time/previous"
    );
    let mut previous: Option<(Duration, usize)> = None;
    for services in [10, 100, 1000] {
        let lab = lab(services);
        let objects: usize = layout::layers(&lab).iter().map(|layer| layer.manifests().len()).sum();
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            let files = manifests::rendered(&lab).unwrap_or_else(|violations| {
                panic!("{} findings, the first: {}", violations.len(), violations[0])
            });
            times.push(started.elapsed());
            bytes = files.iter().map(|file| file.text.len()).sum();
        }
        times.sort();
        let median = times[ROUNDS / 2];
        let growth = previous.map_or_else(String::new, |(time, count)| {
            let factor = |new: f64, old: f64| new / old;
            format!(
                "{:.1} (objects {:.1})",
                factor(median.as_secs_f64(), time.as_secs_f64()),
                factor(as_f64(objects), as_f64(count)),
            )
        });
        println!(
            "{services:>9} {LANES:>8} {objects:>8} {:>9.1} {:>7.0} ms {:>12.1} {growth:>14}",
            as_f64(bytes) / 1e6,
            median.as_secs_f64() * 1e3,
            median.as_secs_f64() * 1e6 / as_f64(objects),
        );
        previous = Some((median, objects));
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("a small number"))
}

fn lab(count: usize) -> Lab {
    let name = |number: usize| format!("service-{number:04}");
    let services = (0..count).map(|number| {
        let called = [2 * number + 1, 2 * number + 2].into_iter().filter(|called| *called < count);
        let calls = called.map(|called| Call {
            variable: format!("SERVICE_{called:04}_URL"),
            service: name(called),
        });
        Service { name: name(number), replicas: 2, calls: calls.collect() }
    });
    let lanes = (0..LANES).map(|lane| Lane::new(&format!("lane-{lane}"), (0..count).map(name)));
    Lab { services: services.collect(), lanes: lanes.collect(), ..Lab::demo() }
}
