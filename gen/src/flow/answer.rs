//! What a decision comes to: versions with their shares, or an answer without a service; and its words.

use super::Class;

/// A share of all requests.
pub(super) const WHOLE: u32 = 1000;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// Services answer; at least one.
    Shares(Vec<Share>),
    /// Where to.
    Redirect(String),
    /// The proxy itself answers, with this.
    Direct(String),
    /// Another VirtualService decides.
    Delegate(String),
    /// 404, because no rule matches.
    Nothing,
}

/// A part of the requests, and who answers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Fully qualified.
    pub host: String,
    /// The host as people name it.
    pub service: String,
    /// Nothing: all pods of the Service.
    pub subset: Option<String>,
    /// The versions of the pods that answer: their label `version`, or the name of their Deployment.
    pub versions: Vec<String>,
    /// In thousandths of the requests.
    pub permille: u32,
    /// The class of the requests when they arrive.
    pub arrives: Class,
}

impl Answer {
    pub fn shares(&self) -> &[Share] {
        match self {
            Self::Shares(shares) => shares,
            _ => &[],
        }
    }

    /// Who answers, whatever class the requests have when they arrive.
    #[must_use]
    pub fn without_arrivals(&self) -> Self {
        match self {
            Self::Shares(shares) => {
                let plain = |share: &Share| Share { arrives: Class::NoLane, ..share.clone() };
                Self::Shares(shares.iter().map(plain).collect())
            }
            other => other.clone(),
        }
    }

    /// Whether services answer requests of a lane, but not all of them in the lane's own version.
    pub fn leaves(&self, class: &Class) -> bool {
        class.lane().is_some_and(|lane| self.shares().iter().any(|share| !share.is_of(lane)))
    }

    /// In short words. The service `home` is not named; any other one is.
    pub fn words(&self, home: Option<&str>) -> String {
        self.told(|share| share.words(home))
    }

    /// As [`Self::words`], with the versions that "any version" stands for.
    pub fn words_in_full(&self, home: Option<&str>) -> String {
        self.told(|share| match share.subset {
            None if !share.versions.is_empty() => {
                format!("{} ({})", share.words(home), share.versions.join(" or "))
            }
            _ => share.words(home),
        })
    }

    fn told(&self, tell: impl Fn(&Share) -> String) -> String {
        match self {
            Self::Shares(shares) => match shares.as_slice() {
                [share] => tell(share),
                several => {
                    let several = several.iter();
                    let several = several.map(|share| {
                        format!("{} {}", percent(f64::from(share.permille) / 10.0), tell(share))
                    });
                    several.collect::<Vec<_>>().join(", ")
                }
            },
            Self::Redirect(target) => format!("redirected to {target}"),
            Self::Direct(what) => format!("answered by the proxy itself with {what}"),
            Self::Delegate(other) => format!("as VirtualService {other} decides"),
            Self::Nothing => "404, no rule matches".into(),
        }
    }
}

impl Share {
    /// Whether a lane's own pods answer: the subset has the lane's name, or all of the pods have its version.
    pub fn is_of(&self, lane: &str) -> bool {
        self.subset.as_deref() == Some(lane) || self.versions == [lane]
    }

    fn words(&self, home: Option<&str>) -> String {
        let elsewhere = home != Some(self.host.as_str());
        let pods = match (&self.subset, self.versions.as_slice()) {
            (_, []) => " (no pods)".into(),
            (Some(subset), versions) if versions != std::slice::from_ref(subset) => {
                format!(" (pods of {})", versions.join(" and "))
            }
            _ => String::new(),
        };
        match &self.subset {
            Some(subset) if elsewhere => format!("{} {subset}{pods}", self.service),
            Some(subset) => format!("{subset}{pods}"),
            None if elsewhere => format!("any version of {}{pods}", self.service),
            None => format!("any version{pods}"),
        }
    }
}

/// With at most one digit behind the point.
pub(super) fn percent(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{rounded} %")
}
