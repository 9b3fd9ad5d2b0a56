//! `catalogue`: the words that grants are made of, one version of them.

use super::scheme::{Scheme, scheme};
use super::{Assurance, Class, Content, NotAllowed, Role, Row, shared};
use crate::Hash;
use crate::days::Period;
use crate::json::{Field, MemberError, Members};
use crate::record::RecordError;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most categories, purposes or bases of one catalogue.
const MOST: usize = 500;
/// The most schemes of one catalogue.
const MOST_SCHEMES: usize = 100;

/// One version of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// The catalogue's name through its versions.
    pub code: String,
    /// Its version, from 1.
    pub version: u64,
    /// What data there is; a parent stands before its children.
    pub categories: Vec<Category>,
    /// What data may be used for.
    pub purposes: Vec<Purpose>,
    /// What the law itself allows.
    pub bases: Vec<Basis>,
    /// Under what identifiers parties may be registered.
    pub schemes: Vec<Scheme>,
    /// How many root keys must sign, if the root signs.
    pub quorum: u64,
}

/// A category of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Its code.
    pub code: String,
    /// The category that it is part of.
    pub parent: Option<String>,
    /// How sure the keys must be of who gives a grant on it; `None`: as above it.
    pub assurance: Option<Assurance>,
    /// With what a mandate on it begins and ends; `None`: as above it.
    pub period: Option<Period>,
    /// The party that is the authentic source of it; `None`: what the category above it says.
    pub source: Option<Hash>,
    /// How people call it.
    pub title: Title,
}

/// A purpose or operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Its code.
    pub code: String,
    /// How people call it.
    pub title: Title,
}

/// A legal basis: the recipients may use the categories for the purposes, without anybody's leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Its code.
    pub code: String,
    /// How people call it.
    pub title: Title,
    /// The categories, with all below them; ascending.
    pub categories: Vec<String>,
    /// The purposes, ascending.
    pub purposes: Vec<String>,
    /// The parties, by id, ascending.
    pub recipients: Vec<Hash>,
    /// Whether only in an emergency.
    pub emergency: bool,
}

/// A title in the country's three languages and English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// German.
    pub de: String,
    /// English.
    pub en: String,
    /// French.
    pub fr: String,
    /// Dutch.
    pub nl: String,
}

impl Catalogue {
    /// The category of a code.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// Whether there is such a purpose.
    #[must_use]
    pub fn has_purpose(&self, code: &str) -> bool {
        self.purposes.iter().any(|purpose| purpose.code == code)
    }

    /// Whether one of `scopes` is `category` or stands above it, in this version of the catalogue.
    #[must_use]
    pub fn covers(&self, scopes: &[String], category: &str) -> bool {
        self.and_above(category).any(|category| scopes.contains(&category.code))
    }

    /// How sure the keys must be of who gives a grant on a category.
    #[must_use]
    pub fn assurance_of(&self, category: &str) -> Option<Assurance> {
        self.and_above(category).find_map(|category| category.assurance)
    }

    /// The party that is the authentic source of a category.
    #[must_use]
    pub fn source_of(&self, category: &str) -> Option<Hash> {
        self.and_above(category).find_map(|category| category.source)
    }

    /// Whether any category asks for a certain assurance.
    #[must_use]
    pub fn asks_for_assurance(&self) -> bool {
        self.categories.iter().any(|category| category.assurance.is_some())
    }

    /// The periods with which a mandate on a scope must begin and end: of the category, of one above and of those below it.
    pub fn periods_of(&self, scope: &str) -> impl Iterator<Item = Period> {
        let own = self.and_above(scope).find_map(|category| category.period);
        let below = self.categories.iter().filter(move |category| {
            category.code != scope && self.and_above(&category.code).any(|above| above.code == scope)
        });
        own.into_iter().chain(below.filter_map(|category| category.period))
    }

    /// A category and those above it. A parent stands before its children, so the walk upwards ends.
    fn and_above(&self, code: &str) -> impl Iterator<Item = &Category> {
        std::iter::successors(self.category(code), |category| self.category(category.parent.as_deref()?))
    }
}

pub(super) static ROW: Row = Row {
    name: "catalogue",
    class: Class::Create,
    any_time: false,
    withholdable: &[],
    parse,
    becomes: |record, _| match record.content() {
        Content::Catalogue(catalogue) => Some(shared::under_quorum(catalogue.quorum)),
        _ => None,
    },
    may_sign: |signing| {
        let Content::Catalogue(catalogue) = signing.record.content() else { return Err(NotAllowed::Signer) };
        shared::check_quorum(signing, catalogue.quorum)?;
        let allowed = signing.signer.is_root() || signing.signer.has(Role::Catalogue);
        if allowed { Ok(()) } else { Err(NotAllowed::Signer) }
    },
    concerns: |_, _| Vec::new(),
};

fn parse(members: &mut Members) -> Result<Content, RecordError> {
    let has_schemes = members.has("schemes");
    let catalogue = Catalogue {
        code: members.take("code", shared::code)?,
        version: members.take_u64("version")?,
        categories: members.take_array("categories", |field| read(field, category))?,
        purposes: members.take_array("purposes", |field| read(field, purpose))?,
        bases: members.take_array("bases", |field| read(field, basis))?,
        schemes: members
            .take_opt("schemes", |field| field.array_of(|field| read(field, scheme)))?
            .unwrap_or_default(),
        quorum: shared::take_quorum(members)?,
    };
    if catalogue.version == 0 {
        return Err(members.mistyped("version", "an integer from 1").into());
    }
    check_references(&catalogue, members)?;
    let codes: BTreeSet<_> = catalogue.schemes.iter().map(|scheme| &scheme.code).collect();
    if has_schemes != (1..=MOST_SCHEMES).contains(&catalogue.schemes.len())
        || codes.len() != catalogue.schemes.len()
    {
        return Err(members.mistyped("schemes", "1 to 100 schemes, without a code twice, or absent").into());
    }
    Ok(Content::Catalogue(Arc::new(catalogue)))
}

/// Codes are distinct, parents stand before children, bases name what the catalogue has.
fn check_references(catalogue: &Catalogue, members: &Members) -> Result<(), MemberError> {
    let lengths = [catalogue.categories.len(), catalogue.purposes.len()];
    if lengths.contains(&0) || lengths.iter().any(|n| *n > MOST) {
        return Err(members.mistyped("categories", "1 to 500 categories and 1 to 500 purposes"));
    }
    let mut categories = BTreeSet::new();
    for category in &catalogue.categories {
        if category.parent.as_ref().is_some_and(|parent| !categories.contains(parent)) {
            return Err(members.mistyped("categories", "each parent before its children"));
        }
        if !categories.insert(category.code.clone()) {
            return Err(members.mistyped("categories", "without a code twice"));
        }
    }
    let purposes: BTreeSet<_> = catalogue.purposes.iter().map(|purpose| &purpose.code).collect();
    if purposes.len() != catalogue.purposes.len() {
        return Err(members.mistyped("purposes", "without a code twice"));
    }
    let bases: BTreeSet<_> = catalogue.bases.iter().map(|basis| &basis.code).collect();
    let known = |basis: &Basis| {
        basis.categories.iter().all(|code| categories.contains(code))
            && basis.purposes.iter().all(|code| purposes.contains(code))
    };
    if bases.len() != catalogue.bases.len() || bases.len() > MOST || !catalogue.bases.iter().all(known) {
        return Err(members.mistyped("bases", "distinct, of this catalogue's categories and purposes"));
    }
    Ok(())
}

pub(super) fn read<T>(
    field: Field,
    parse: impl FnOnce(&mut Members) -> Result<T, MemberError>,
) -> Result<T, MemberError> {
    let mut members = field.object()?;
    let value = parse(&mut members)?;
    members.finish()?;
    Ok(value)
}

fn category(members: &mut Members) -> Result<Category, MemberError> {
    Ok(Category {
        code: members.take("code", shared::code)?,
        parent: members.take_opt("parent", shared::code)?,
        assurance: members.take_opt("assurance", |field| {
            field.one_of(&[("substantial", Assurance::Substantial), ("high", Assurance::High)])
        })?,
        period: members.take_opt("period", |field| {
            field.one_of(&[("month", Period::Month), ("quarter", Period::Quarter), ("year", Period::Year)])
        })?,
        source: members.take_opt("source", Field::hash)?,
        title: members.take("title", |field| read(field, title))?,
    })
}

fn purpose(members: &mut Members) -> Result<Purpose, MemberError> {
    Ok(Purpose {
        code: members.take("code", shared::code)?,
        title: members.take("title", |field| read(field, title))?,
    })
}

fn basis(members: &mut Members) -> Result<Basis, MemberError> {
    Ok(Basis {
        code: members.take("code", shared::code)?,
        title: members.take("title", |field| read(field, title))?,
        categories: shared::take_set(members, "categories", MOST, shared::code)?,
        purposes: shared::take_set(members, "purposes", MOST, shared::code)?,
        recipients: shared::take_set(members, "recipients", MOST, Field::hash)?,
        emergency: shared::take_flag(members, "emergency")?,
    })
}

pub(super) fn title(members: &mut Members) -> Result<Title, MemberError> {
    Ok(Title {
        de: members.take_text("de", 200)?,
        en: members.take_text("en", 200)?,
        fr: members.take_text("fr", 200)?,
        nl: members.take_text("nl", 200)?,
    })
}
