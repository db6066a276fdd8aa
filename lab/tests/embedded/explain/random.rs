//! A seed → requests of every kind that the rich rules tell apart.

/// A request as a client would send it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) scheme: &'static str,
    /// What is asked for by SNI, and what the address is looked up for.
    pub(crate) name: &'static str,
    /// What the `Host` header says; `PORT` stands for the port of the lab.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

const METHODS: [&str; 8] = ["GET", "GET", "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"];
const NAMES: [&str; 17] = [
    "service1.cncamp.io",
    "service1.cncamp.io",
    "service1.cncamp.io",
    "service1.cncamp.io",
    "service1.cncamp.io",
    "service1.cncamp.io",
    "service1.cncamp.io",
    "service1.cncamp.io",
    "a.wild.example.com",
    "a.wild.example.com",
    "x.deep.wild.example.com",
    "second.example.com",
    "wild.example.com",
    "other.example.com",
    "a.wild.example.com",
    "x.deep.wild.example.com",
    "second.example.com",
];
const HOSTS: [&str; 17] = [
    "service1.cncamp.io",
    "service1.cncamp.io:1",
    "SERVICE1.cncamp.io",
    "Service1.CNCAMP.io:443",
    "service1.cncamp.io.",
    "xservice1.cncamp.io",
    "a.wild.example.com",
    "b.a.WILD.example.com:80",
    "wild.example.com",
    ".wild.example.com",
    "xwild.example.com",
    "deep.wild.example.com",
    "deep.deep.wild.example.com",
    "xdeep.wild.example.com",
    "second.example.com",
    "plain.example.com",
    "127.0.0.1",
];
const PATHS: [&str; 35] = [
    "/",
    "/exact",
    "/exact/",
    "/Exact",
    "/hello/service3",
    "/hello/service1/",
    "/HELLO/service1",
    "/hello/rust",
    "/hello/Rusty",
    "/HELLO/RUST",
    "/hello/golang",
    "/healthz",
    "/HEALTHZ",
    "/healthzz",
    "/a/1",
    "/ab/12",
    "/ab/12x",
    "/A/1",
    "/case/x",
    "/CASE/x",
    "/CASE/",
    "/wo",
    "/na",
    "/host",
    "/scheme",
    "/proto",
    "/uh",
    "/hello%2Fservice1",
    "/hello%2fservice1",
    "/hell%6F/service1",
    "/%68ello/service%31",
    "/a%20b%7e%7E",
    "/x;y=1,2!$&'()*+@:",
    "/[1]/%zz%",
    "/%25%2525%5c%00x",
];
const QUERIES: [&str; 14] = [
    "",
    "v=2",
    "v=1&v=2",
    "V=2",
    "v=2&",
    "&v=2",
    "v",
    "v=%32",
    "q=abc&r=xy",
    "q=abc&r=",
    "r=x&q=d",
    "q=a/../b&r=x?v=2",
    "v=2=3",
    "a;v=2",
];
const USERS: [&str; 17] = [
    "alice", "al", "bob", "bobby", "eve", "eve,x", "nobody", "no", "toss", "any", "uh", "secret",
    "acc", "mallory", "", "added", "a,b",
];
const LANES: [&str; 7] = ["v2", "v2", "v1", "V2", "v3", "", "v2,v2"];
const COOKIES: [&str; 6] = ["beta=1", "a=1; beta=1", "beta=2", "a=1,b=2", "a=1", "x; beta=1; y"];

/// Numbers that look random, the same for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        // Source: Knuth's MMIX generator; its high bits are the good ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.next().is_multiple_of(number)
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        let count = u64::try_from(values.len()).unwrap();
        values[usize::try_from(self.next() % count).unwrap()]
    }

    pub(crate) fn request(&mut self) -> Sent {
        let scheme = if self.one_in(8) { "http" } else { "https" };
        let name = self.of(&NAMES);
        let host = match (self.one_in(3), scheme) {
            (true, _) => self.of(&HOSTS).to_owned(),
            (false, "http") => {
                self.of(&["plain.example.com", "service1.cncamp.io:PORT"]).to_owned()
            }
            (false, _) => format!("{name}:PORT"),
        };
        let (method, path, headers) = (self.of(&METHODS), self.path(), self.headers());
        Sent { method, scheme, name, host, path, headers }
    }

    fn path(&mut self) -> String {
        // Half of them go all the way; those that end early are cheap to have in numbers.
        let mut path = match self.of(&[0, 0, 0, 1, 2, 2, 2, 2]) {
            0 => "/hello/service1".to_owned(),
            1 => "/hello/service2".to_owned(),
            _ => self.of(&PATHS).to_owned(),
        };
        while self.one_in(4) {
            let slashes: Vec<usize> = path.match_indices('/').map(|(place, _)| place).collect();
            let detours = [
                "/",
                "/.",
                "/./.",
                "/x/..",
                "/x/y/../..",
                "/%2e",
                "/%2E%2e",
                "/..",
                "/...",
                "/.x",
                "/%2f",
                "/x/.%2e",
                "/a//..",
                "/..%2f",
            ];
            let (place, detour) = (self.of(&slashes), self.of(&detours));
            path.insert_str(place, detour);
        }
        if self.one_in(8) {
            path.push_str(self.of(&["/", "/.", "/..", "/%2e%2e", "%2e", "//", "#x"]));
        }
        if self.one_in(4) && !path.contains('#') {
            path = format!("{path}?{}", self.of(&QUERIES));
        }
        path
    }

    fn headers(&mut self) -> Vec<(&'static str, &'static str)> {
        let mut headers = Vec::new();
        if !self.one_in(4) {
            headers.push(("accept", "application/json"));
        } else if self.one_in(2) {
            headers.push(("accept", "text/html"));
            if self.one_in(2) {
                headers.push(("accept", "*/*"));
            }
        }
        let kinds: [(&str, &[&str], u64); 6] = [
            ("x-lane", &LANES, 2),
            ("x-user", &USERS, 2),
            ("cookie", &COOKIES, 5),
            ("x-debug", &["", "1"], 12),
            ("referer", &["a", "b"], 12),
            ("x-forwarded-proto", &["http", "https"], 12),
        ];
        for (name, values, rarity) in kinds {
            if self.one_in(rarity) {
                headers.push((name, self.of(values)));
                if name != "cookie" && self.one_in(6) {
                    headers.push((name, self.of(values)));
                }
            }
        }
        headers
    }
}

/// Each byte as an escape, in both spellings; the redirect shows what becomes of it.
pub(crate) fn every_escape() -> impl Iterator<Item = Sent> {
    let spellings = (0..=u8::MAX).flat_map(|byte| [format!("%{byte:02x}"), format!("%{byte:02X}")]);
    spellings.map(|escape| Sent {
        method: "GET",
        scheme: "http",
        name: "service1.cncamp.io",
        host: "service1.cncamp.io:PORT".to_owned(),
        path: format!("/a{escape}b/{escape}/..{escape}?{escape}"),
        headers: Vec::new(),
    })
}
