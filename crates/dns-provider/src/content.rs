//! What an answer says about one RRset: the records of exactly that owner and type, and nothing that stands
//! beside them.

use dns_core::fence::text::FenceText;
use dns_core::rrset::{Rrset, RrsetError, RrsetKey, Ttl};
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};

/// The records of one owner and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// None.
    Absent,
    /// Some.
    Records {
        /// The lowest TTL among them; RFC 2181 §5.2 wants them equal.
        ttl_secs: u32,
        /// Their data, as answered.
        values: Vec<RData>,
    },
}

impl Content {
    /// Reads the answer section. Records of other owners or types, as at the end of a CNAME chain, do not count.
    pub(crate) fn of(message: &Message, name: &Name, rtype: RecordType) -> Self {
        let own = message.answers.iter().filter(|record| {
            record.record_type() == rtype && record.dns_class == DNSClass::IN && record.name.eq_ignore_root(name)
        });
        let (ttls, values): (Vec<u32>, Vec<RData>) = own.map(|record| (record.ttl, record.data.clone())).unzip();
        match ttls.into_iter().min() {
            Some(ttl_secs) => Self::Records { ttl_secs, values },
            None => Self::Absent,
        }
    }

    /// Whether there is any record.
    pub fn is_present(&self) -> bool {
        matches!(self, Self::Records { .. })
    }

    /// As an RRset under `key`; `None` if absent. A TTL of 0, which no guarded RRset has, is read as 1: it differs
    /// from any configured one that matters, and conditions ignore TTLs.
    pub(crate) fn into_rrset(self, key: &RrsetKey) -> Result<Option<Rrset>, RrsetError> {
        let Self::Records { ttl_secs, values } = self else { return Ok(None) };
        // RFC 2181 §8: a TTL with its highest bit set counts as 0.
        let secs = if u64::from(ttl_secs) > Ttl::MAX_SECS { 1 } else { ttl_secs.max(1) };
        Rrset::new(key.clone(), Ttl::from_secs(u64::from(secs))?, values).map(Some)
    }
}

/// The strings of a TXT record, `None` if they are no text.
pub(crate) fn strings(txt: &TXT) -> Option<FenceText> {
    let strings = txt.txt_data.iter().map(|bytes| String::from_utf8(bytes.to_vec()));
    strings.collect::<Result<_, _>>().ok().map(FenceText::from_strings)
}
