//! Record data as text (RFC 1035 §5.1), as APIs give and take it: one line, names absolute.

use dns_zone::{Owner, Rdata, Rtype};

/// Reads a value; a name without a final dot is absolute, as APIs mean it. The error says what is wrong with it.
pub(crate) fn read(rtype: Rtype, text: &str) -> Result<Rdata, String> {
    if text.contains(char::is_control) {
        return Err("it has a control character".to_owned());
    }
    Rdata::parse(rtype, text, &Owner::root()).map_err(|error| error.to_string())
}

/// Writes a value.
pub(crate) fn write(rtype: Rtype, value: &Rdata) -> String {
    value.display(rtype).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_final_dot_is_absolute() {
        assert_eq!(read(Rtype::CNAME, "WWW.example.net"), read(Rtype::CNAME, "www.example.net."));
    }

    #[test]
    fn what_is_more_than_one_value_or_none_is_refused() {
        for text in ["192.0.2.1\nwww 60 IN A 192.0.2.2", "192.0.2.1 192.0.2.2", "", "192.0.2.256"] {
            assert!(read(Rtype::A, text).is_err(), "{text:?}");
        }
    }
}
