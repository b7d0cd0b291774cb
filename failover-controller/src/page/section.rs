//! The sections of the page: the pieces that are sent anew when they change, each under an id of its own.

/// Which piece of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The headline.
    Masthead,
    /// The vantage points.
    Vantage,
    /// The newest rows of all services.
    History,
    /// A service's state, what holds it, and what can be ordered.
    State,
    /// What every vantage point sees of every endpoint.
    Evidence,
    /// The newest move, step by step.
    Move,
    /// The fence and the records.
    Fence,
    /// The newest rows of one service.
    ServiceHistory,
}

impl Part {
    /// The pieces that every service has.
    pub(crate) const OF_SERVICE: [Self; 5] =
        [Self::State, Self::Evidence, Self::Move, Self::Fence, Self::ServiceHistory];

    fn as_str(self) -> &'static str {
        match self {
            Self::Masthead => "masthead",
            Self::Vantage => "vantage",
            Self::History | Self::ServiceHistory => "history",
            Self::State => "state",
            Self::Evidence => "evidence",
            Self::Move => "move",
            Self::Fence => "fence",
        }
    }
}

/// A piece, of a service or of none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SectionKey {
    service: Option<String>,
    part: Part,
}

impl SectionKey {
    /// A piece of no service.
    pub(crate) fn general(part: Part) -> Self {
        Self { service: None, part }
    }

    /// A piece of a service.
    pub(crate) fn of(service: &str, part: Part) -> Self {
        Self { service: Some(service.to_owned()), part }
    }

    /// Its id in the page. A service's name comes last, so no name can make two ids alike.
    pub(crate) fn id(&self) -> String {
        match &self.service {
            Some(service) => format!("{}-of-{service}", self.part.as_str()),
            None => self.part.as_str().to_owned(),
        }
    }
}

/// What a page is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Everything.
    All,
    /// One service.
    Service(String),
}

impl Subject {
    /// Whether the page has the piece.
    pub(crate) fn has(&self, key: &SectionKey) -> bool {
        match (self, &key.service, key.part) {
            (Self::All, _, part) => part != Part::ServiceHistory,
            (Self::Service(_), None, part) => part != Part::History,
            (Self::Service(name), Some(service), _) => name == service,
        }
    }
}
