//! The claims about lanes: a request stays in its lane at every hop that has it, and takes the baseline elsewhere.

use super::{Evidence, Report, Seen, ask, client, expect, shown};
use crate::failure::Result;
use crate::target::{Protocol, Target};
use manifests::release::{Draw, TICKETS, ticket as ticket_of};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A lane that nobody deploys.
const UNKNOWN: &str = "no-such-lane";
/// Requests of the mixed load, and how many of them run at a time.
const REQUESTS: usize = 200;
const AT_ONCE: usize = 32;

pub(super) async fn check(report: &mut Report, target: &Target) -> Result<()> {
    let client = client(target, Protocol::Http2)?;
    report
        .claim(
            "baseline",
            "a request without a lane stays in the baseline",
            stays(&client, target, ""),
        )
        .await;
    for lane in target.lanes() {
        let claim = format!("lane-{lane}");
        let sentence = format!(
            "`{}: {lane}` stays in lane {lane} where it has the service",
            super::LANE_HEADER
        );
        report.claim(&claim, &sentence, stays(&client, target, &lane)).await;
    }
    report
        .claim(
            "unknown-lane",
            "a lane that nobody deploys falls back to the baseline",
            stays(&client, target, UNKNOWN),
        )
        .await;
    if let Some(draw) = &target.draw {
        let sentence = format!(
            "{} % of the users are in lane {}, and each of them with every request",
            draw.percent, draw.lane
        );
        report.claim("draw", &sentence, drawn(&client, target, draw)).await;
    }
    let sentence =
        format!("{REQUESTS} mixed requests, {AT_ONCE} at a time: none fails, none leaves its lane");
    report.claim("mixed", &sentence, mixed(&client, target)).await;
    Ok(())
}

/// The first and the last ticket of the lane, and those beside them.
async fn drawn(client: &reqwest::Client, target: &Target, draw: &Draw) -> Evidence {
    let last = draw.tickets() - 1;
    let tickets = [(0, true), (last, true), (last + 1, false), (TICKETS - 1, false)];
    let tickets = tickets.into_iter().filter(|(number, is_in)| *is_in || *number > last);
    for (number, is_in) in tickets.filter(|(number, _)| *number < TICKETS) {
        let request =
            client.get(target.url(super::CHAIN)).header("cookie", ticket_of(&draw.lane, number));
        let hops = super::send(request).await?.hops();
        let wanted = target.expected(if is_in { &draw.lane } else { "" });
        expect(&hops, &wanted, format!("ticket {number}: {}", shown(&hops)))?;
    }
    Ok(format!("tickets 0 to {last} of {TICKETS} are in the lane, the others are not"))
}

async fn stays(client: &reqwest::Client, target: &Target, lane: &str) -> Evidence {
    let seen = ask(client, target, lane).await?;
    let (hops, wanted) = (seen.hops(), target.expected(lane));
    let evidence = expect(&hops, &wanted, shown(&hops));
    evidence.map_err(|evidence| match lost(&seen, &wanted, lane) {
        Some(service) => format!("{evidence}: {service} did not pass `{}` on", super::LANE_HEADER),
        None => evidence,
    })
}

/// The service that lost the lane: the one before the first that is not in it, if the lane does not reach the last one.
fn lost(seen: &Seen, wanted: &[(String, String)], lane: &str) -> Option<String> {
    let received = seen.last().headers.as_ref()?;
    let arrived = received
        .get(super::LANE_HEADER)
        .is_some_and(|values| values.iter().any(|value| value == lane));
    if lane.is_empty() || arrived {
        return None;
    }
    let hops = seen.hops();
    let strayed = hops.iter().zip(wanted).position(|(seen, wanted)| seen != wanted)?;
    hops.get(strayed.checked_sub(1)?).map(|(service, _)| service.clone())
}

async fn mixed(client: &reqwest::Client, target: &Target) -> Evidence {
    let lanes: Vec<String> =
        [String::new(), UNKNOWN.to_owned()].into_iter().chain(target.lanes()).collect();
    let (slots, shared) =
        (Arc::new(Semaphore::new(AT_ONCE)), Arc::new((client.clone(), target.clone())));
    let mut tasks = JoinSet::new();
    for lane in lanes.iter().cycle().take(REQUESTS) {
        let (slots, shared, lane) = (slots.clone(), shared.clone(), lane.clone());
        tasks.spawn(async move {
            let _slot = slots.acquire_owned().await.map_err(|error| error.to_string())?;
            let (client, target) = &*shared;
            stays(client, target, &lane)
                .await
                .map_err(|evidence| format!("lane `{lane}`: {evidence}"))
        });
    }
    let answers: Vec<Evidence> = tasks.join_all().await;
    let wrong: Vec<&String> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    match wrong.first() {
        None => Ok(format!("{} requests: {}", answers.len(), super::named(&lanes))),
        Some(first) => {
            Err(format!("{} of {} wrong, the first: {first}", wrong.len(), answers.len()))
        }
    }
}
