//! Reading a policy file, line by line.

use super::{Group, PolicyError, PolicyLog, PolicyName, PolicyWitness, TlogPolicy};
use crate::note::{KeyType, NoteVerifier, VkeyError, decimal};
use std::collections::{BTreeMap, BTreeSet};

/// The most logs, witnesses and groups, each; C2SP asks for at least 32.
const MAX_EACH: usize = 256;

pub(super) fn policy(file: &[u8]) -> Result<TlogPolicy, PolicyError> {
    let mut reader = Reader::default();
    let mut lines = file.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        reader.line += 1;
        if lines.peek().is_some() {
            reader.read(line)?;
        } else if !line.is_empty() {
            return Err(PolicyError::Unterminated { line: reader.line });
        }
    }
    let quorum = reader.quorum.ok_or(PolicyError::QuorumMissing)?;
    Ok(TlogPolicy { logs: reader.logs, witnesses: reader.witnesses, groups: reader.groups, quorum })
}

#[derive(Default)]
struct Reader {
    line: usize,
    logs: Vec<PolicyLog>,
    witnesses: BTreeMap<PolicyName, PolicyWitness>,
    groups: BTreeMap<PolicyName, Group>,
    /// Names that a group lists already: each witness counts in one way only.
    members: BTreeSet<PolicyName>,
    /// `Some(None)` is `quorum none`.
    quorum: Option<Option<PolicyName>>,
}

impl Reader {
    fn read(&mut self, line: &[u8]) -> Result<(), PolicyError> {
        if let Some(byte) = line.iter().find(|byte| !matches!(byte, b'\t' | b' '..=b'~' | 0x80..)) {
            return Err(PolicyError::Character { line: self.line, byte: *byte });
        }
        let items: Vec<&[u8]> =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", vkey] => self.log(vkey, None),
            [b"log", vkey, url] => self.log(vkey, Some(url)),
            [b"witness", name, vkey] => self.witness(name, vkey, None),
            [b"witness", name, vkey, url] => self.witness(name, vkey, Some(url)),
            [b"group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => {
                Err(PolicyError::Items { line: self.line, items: items.len() })
            }
            _ => Err(PolicyError::Keyword { line: self.line }),
        }
    }

    fn log(&mut self, vkey: &[u8], url: Option<&[u8]>) -> Result<(), PolicyError> {
        let key = self.key(vkey, KeyType::Ed25519)?;
        if self.logs.iter().any(|log| log.key.public_key() == key.public_key()) {
            return Err(PolicyError::DuplicateKey { line: self.line });
        }
        self.expect_room(self.logs.len())?;
        self.logs.push(PolicyLog { key, url: url.map(<[u8]>::to_vec) });
        Ok(())
    }

    fn witness(&mut self, name: &[u8], vkey: &[u8], url: Option<&[u8]>) -> Result<(), PolicyError> {
        self.expect_free(name)?;
        let key = self.key(vkey, KeyType::CosignatureV1)?;
        if self.witnesses.values().any(|witness| witness.key.public_key() == key.public_key()) {
            return Err(PolicyError::DuplicateKey { line: self.line });
        }
        self.expect_room(self.witnesses.len())?;
        self.witnesses.insert(name.to_vec(), PolicyWitness { key, url: url.map(<[u8]>::to_vec) });
        Ok(())
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), PolicyError> {
        self.expect_free(name)?;
        self.expect_room(self.groups.len())?;
        for member in members {
            self.expect_defined(member)?;
            if !self.members.insert(member.to_vec()) {
                return Err(PolicyError::DuplicateMember { line: self.line, name: lossy(member) });
            }
        }
        let threshold = match threshold {
            b"any" => Some(1),
            b"all" => Some(members.len()),
            k => std::str::from_utf8(k).ok().and_then(decimal).and_then(|k| usize::try_from(k).ok()),
        };
        let threshold = threshold
            .filter(|k| (1..=members.len()).contains(k))
            .ok_or(PolicyError::Threshold { line: self.line, members: members.len() })?;
        let members = members.iter().map(|member| member.to_vec()).collect();
        self.groups.insert(name.to_vec(), Group { threshold, members });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), PolicyError> {
        if self.quorum.is_some() {
            return Err(PolicyError::SecondQuorum { line: self.line });
        }
        if name == b"none" {
            self.quorum = Some(None);
            return Ok(());
        }
        self.expect_defined(name)?;
        self.quorum = Some(Some(name.to_vec()));
        Ok(())
    }

    fn key(&self, vkey: &[u8], wanted: KeyType) -> Result<NoteVerifier, PolicyError> {
        let key = std::str::from_utf8(vkey)
            .map_err(|_| VkeyError::Form { vkey: lossy(vkey) })
            .and_then(NoteVerifier::parse)
            .map_err(|cause| PolicyError::Vkey { line: self.line, cause })?;
        if key.key_type() != wanted {
            return Err(PolicyError::KeyType { line: self.line });
        }
        Ok(key)
    }

    const fn expect_room(&self, held: usize) -> Result<(), PolicyError> {
        if held >= MAX_EACH {
            return Err(PolicyError::TooMany { line: self.line });
        }
        Ok(())
    }

    fn expect_free(&self, name: &[u8]) -> Result<(), PolicyError> {
        if name == b"none" || self.is_defined(name) {
            return Err(PolicyError::DuplicateName { line: self.line, name: lossy(name) });
        }
        Ok(())
    }

    fn expect_defined(&self, name: &[u8]) -> Result<(), PolicyError> {
        if !self.is_defined(name) {
            return Err(PolicyError::UnknownName { line: self.line, name: lossy(name) });
        }
        Ok(())
    }

    fn is_defined(&self, name: &[u8]) -> bool {
        self.witnesses.contains_key(name) || self.groups.contains_key(name)
    }
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
