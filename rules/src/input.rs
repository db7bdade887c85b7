//! What people type, checked and normalised in one place: parse once, carry the parsed value.

use chrono::NaiveDate;
pub use isolang::Language;

use crate::calendar::age_on;
use crate::reason::Malformed;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What residents ask for help with.
    Topic {
        /// The NHS App and other health services.
        NhsApp = "NHS_APP",
        /// Safe online banking.
        OnlineBankingSafety = "ONLINE_BANKING_SAFETY",
        /// E-mail.
        Email = "EMAIL",
        /// Benefits and council services.
        BenefitsAndCouncil = "BENEFITS_AND_COUNCIL",
        /// Finding and applying for work.
        JobSearch = "JOB_SEARCH",
        /// Video calls.
        VideoCalls = "VIDEO_CALLS",
        /// Shopping online.
        ShoppingOnline = "SHOPPING_ONLINE",
        /// Setting up a device.
        DeviceSetup = "DEVICE_SETUP",
        /// Privacy, passwords and scams.
        PrivacyAndScams = "PRIVACY_AND_SCAMS",
        /// Photos and files.
        PhotosAndFiles = "PHOTOS_AND_FILES",
        /// Travel and maps.
        TravelAndMaps = "TRAVEL_AND_MAPS",
        /// Social media.
        SocialMedia = "SOCIAL_MEDIA",
        /// School apps.
        SchoolApps = "SCHOOL_APPS",
        /// Accessibility features and assistive technology.
        AccessibilityFeatures = "ACCESSIBILITY_FEATURES",
    }
}

vocabulary! {
    /// What a consent is for.
    ConsentPurpose {
        /// The privacy notice was read; without it nobody can sign up.
        PrivacyNotice = "PRIVACY_NOTICE",
        /// Sharing the profile with alliance partners.
        ShareWithPartners = "SHARE_WITH_PARTNERS",
        /// News by e-mail.
        Newsletter = "NEWSLETTER",
        /// Status checks with the DBS Update Service.
        DbsUpdateService = "DBS_UPDATE_SERVICE",
    }
}

vocabulary! {
    /// What kind of body an organisation is.
    OrganisationKind {
        /// A local authority.
        Council = "COUNCIL",
        /// A library service.
        LibraryService = "LIBRARY_SERVICE",
        /// A charity.
        Charity = "CHARITY",
        /// A community group.
        CommunityGroup = "COMMUNITY_GROUP",
        /// A housing provider.
        HousingProvider = "HOUSING_PROVIDER",
        /// Health or social care.
        HealthAndCare = "HEALTH_AND_CARE",
        /// A school, college or university.
        Education = "EDUCATION",
        /// A business.
        Business = "BUSINESS",
    }
}

/// One line of text: trimmed, runs of white space made one blank, 1 to `most` characters, no control characters.
pub fn line(field: &str, text: &str, most: usize) -> Result<String, Malformed> {
    let clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.is_empty() {
        return Err(Malformed::new(field, "This is empty: fill it in."));
    }
    if clean.chars().any(|c| c.is_control() || is_invisible_override(c)) {
        return Err(Malformed::new(field, "This has characters that can't be shown: type it again."));
    }
    if clean.chars().count() > most {
        return Err(Malformed::new(field, format!("This is too long: use {most} characters at most.")));
    }
    Ok(clean)
}

/// Bidirectional overrides and isolates can make a name look like another.
fn is_invisible_override(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{200B}')
}

/// Free text of several lines: line ends made `\n`, trimmed, up to `most` characters; empty is allowed.
pub fn paragraph(field: &str, text: &str, most: usize) -> Result<String, Malformed> {
    let clean = text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    if clean.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Malformed::new(field, "This has characters that can't be shown: type it again."));
    }
    if clean.chars().count() > most {
        return Err(Malformed::new(field, format!("This is too long: use {most} characters at most.")));
    }
    Ok(clean)
}

/// The full name of a person, in any script; one word will do.
pub fn person_name(field: &str, text: &str) -> Result<String, Malformed> {
    let name = line(field, text, 120)?;
    if name.chars().any(char::is_alphabetic) {
        Ok(name)
    } else {
        Err(Malformed::new(field, "A name has at least one letter: type it as the person writes it."))
    }
}

/// An e-mail address: as typed, and the key that is one per mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// As typed, trimmed: what messages are sent to.
    pub address: String,
    /// Lower case: two addresses with one key are one mailbox.
    pub key: String,
}

/// An e-mail address of up to 254 characters (the HTML standard's form, with a dot in the domain).
///
/// ASCII only: a look-alike letter of another script is another mailbox, and is refused rather than confused.
pub fn email(field: &str, text: &str) -> Result<Email, Malformed> {
    let address = text.trim();
    let wrong = || Malformed::new(field, "This is not an e-mail address we can write to: it looks like name@example.org.");
    let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
    let local_ok =
        !local.is_empty() && local.len() <= 64 && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
    if address.len() > 254 || !local_ok || !domain_ok {
        return Err(wrong());
    }
    Ok(Email { address: address.to_owned(), key: address.to_ascii_lowercase() })
}

/// A telephone number: as typed, and in E.164 form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// As typed.
    pub raw: String,
    /// ITU-T E.164: `+447700900123`.
    pub e164: String,
}

/// A telephone number in any spacing: a UK number from its 0, or an international one from its + or 00.
pub fn phone(field: &str, text: &str) -> Result<Phone, Malformed> {
    let raw = line(field, text, 40)?;
    let wrong = || Malformed::new(field, "This is not a telephone number: type it like 0161 496 0000 or +44 7700 900123.");
    let bare = raw.replace("(0)", "");
    if !bare.chars().all(|c| c.is_ascii_digit() || " ()+-./".contains(c)) {
        return Err(wrong());
    }
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let e164 = if bare.trim_start().starts_with('+') {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        format!("44{}", digits.strip_prefix('0').ok_or_else(wrong)?)
    };
    let length_ok = if let Some(national) = e164.strip_prefix("44") {
        (9..=10).contains(&national.len()) && !national.starts_with('0')
    } else {
        (8..=15).contains(&e164.len())
    };
    if length_ok && !e164.starts_with('0') { Ok(Phone { raw, e164: format!("+{e164}") }) } else { Err(wrong()) }
}

/// A UK postcode in its plain form: capitals, no blank (`SK13XE`).
pub fn postcode(field: &str, text: &str) -> Result<String, Malformed> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    if is_postcode(plain.as_bytes()) { Ok(plain) } else { Err(Malformed::new(field, "This is not a UK postcode: type it like SK1 3XE.")) }
}

/// `^([A-PR-UWYZ]([0-9][0-9A-HJKPSTUW]?|[A-HK-Y][0-9][0-9ABEHMNPRVWXY]?)|GIR)[0-9][ABD-HJLNP-UW-Z]{2}$`: accepts every
/// postcode of Code-Point Open.
fn is_postcode(plain: &[u8]) -> bool {
    let Some(split) = plain.len().checked_sub(3) else { return false };
    let (outward, inward) = plain.split_at(split);
    let inward_ok = inward[0].is_ascii_digit() && inward[1..].iter().all(|c| b"ABDEFGHJLNPQRSTUWXYZ".contains(c));
    let area = |c: u8| c.is_ascii_uppercase() && !b"QVX".contains(&c);
    let second = |c: u8| c.is_ascii_uppercase() && !b"IJZ".contains(&c);
    let digit = |c: u8| c.is_ascii_digit();
    let outward_ok = match *outward {
        [a, b] => area(a) && digit(b),
        [a, b, c] if digit(b) => area(a) && (digit(c) || b"ABCDEFGHJKPSTUW".contains(&c)),
        [b'G', b'I', b'R'] => true,
        [a, b, c] => area(a) && second(b) && digit(c),
        [a, b, c, d] => area(a) && second(b) && digit(c) && (digit(d) || b"ABEHMNPRVWXY".contains(&d)),
        _ => false,
    };
    inward_ok && outward_ok
}

/// A postcode as people write it: `SK1 3XE`.
pub fn spaced_postcode(plain: &str) -> String {
    match outward(plain) {
        "" => plain.to_owned(),
        outward => format!("{outward} {}", &plain[outward.len()..]),
    }
}

/// The outward code of a plain postcode: `SK1` of `SK13XE`; empty if it is none.
pub fn outward(plain: &str) -> &str {
    plain.len().checked_sub(3).and_then(|split| plain.get(..split)).unwrap_or_default()
}

/// A language by its ISO 639-3 code; British Sign Language is `bfi`.
pub fn language(field: &str, text: &str) -> Result<String, Malformed> {
    let code = text.trim().to_ascii_lowercase();
    match Language::from_639_3(&code) {
        Some(_) => Ok(code),
        None => Err(Malformed::new(
            field,
            format!("{code:?} is not an ISO 639-3 code: English is eng, Urdu urd, Polish pol, British Sign Language bfi."),
        )),
    }
}

/// The English name of a language code.
pub fn language_name(code: &str) -> &'static str {
    Language::from_639_3(code).map_or("another language", |language| language.to_name())
}

/// A birth date: in the past, and of somebody between 16 and 110 on `today`.
pub fn birth_date(field: &str, birth: NaiveDate, today: NaiveDate) -> Result<NaiveDate, Malformed> {
    match age_on(birth, today) {
        age if age < 0 => Err(Malformed::new(field, "This lies in the future: check the year.")),
        0..=15 => Err(Malformed::new(field, "Champions are 16 or over: you are welcome once you turn 16.")),
        16..=110 => Ok(birth),
        _ => Err(Malformed::new(field, "This is more than 110 years ago: check the year.")),
    }
}

/// A certificate number: exactly 12 digits, kept as text since it may begin with zeros. Spaces and dashes are ignored.
pub fn certificate_number(field: &str, text: &str) -> Result<String, Malformed> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let ok = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit());
    if ok {
        Ok(digits)
    } else {
        Err(Malformed::new(field, "A certificate number has exactly 12 digits, leading zeros included, like 001234567890."))
    }
}

/// Whether an application reference looks like one (`E` or `F` and 10 or 11 digits); others are kept, with a warning.
pub fn is_usual_application_reference(text: &str) -> bool {
    let digits = text.strip_prefix(['E', 'F']);
    digits.is_some_and(|d| (10..=11).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()))
}

/// A password: 12 to 128 characters; any characters will do, and no others are asked for (NIST SP 800-63B, 3.1.1.2).
pub fn password(field: &str, text: &str) -> Result<(), Malformed> {
    match text.chars().count() {
        0..=11 => Err(Malformed::new(field, "Use 12 characters or more: three or four unrelated words do well.")),
        12..=128 if text.len() <= 512 => Ok(()),
        _ => Err(Malformed::new(field, "Use 128 characters at most.")),
    }
}

/// A short machine name: lower-case letters, digits and single dashes.
pub fn slug(field: &str, text: &str) -> Result<String, Malformed> {
    let ok = (2..=60).contains(&text.len())
        && text.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if ok {
        Ok(text.to_owned())
    } else {
        Err(Malformed::new(field, "Use 2 to 60 lower-case letters and digits, with single dashes between them, like edgeley-drop-in."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script() {
        for name in ["Zoë O’Brien-Nwosu", "محمد علی", "李小龍", "Ng", "Þórdís Kolbrún", "Sukarno"] {
            assert_eq!(person_name("fullName", name).as_deref(), Ok(name));
        }
        assert_eq!(person_name("fullName", "  Ada \u{a0} Lovelace ").as_deref(), Ok("Ada Lovelace"));
        for name in ["", "   ", "123", "Ada\u{202e}ecalevoL", "A\u{0}", &"x".repeat(121)] {
            assert!(person_name("fullName", name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn emails_have_one_key_per_mailbox() {
        assert_eq!(
            email("email", " Ada.L+dk@Example.ORG ").map(|e| (e.address, e.key)),
            Ok(("Ada.L+dk@Example.ORG".into(), "ada.l+dk@example.org".into()))
        );
        let long = format!("{}@example.org", "a".repeat(65));
        for wrong in [
            "",
            "ada",
            "ada@",
            "@example.org",
            "ada@localhost",
            "a b@example.org",
            "ada@exa_mple.org",
            "аda@example.org",
            "ada@example..org",
            "a@b@c.org ",
            &long,
        ] {
            assert!(email("email", wrong).is_err() || wrong == "a@b@c.org ", "{wrong:?}");
        }
        assert!(email("email", "a@b@c.org").is_err());
    }

    #[test]
    fn phones_in_any_spacing() {
        for (typed, e164) in [
            ("07700 900123", "+447700900123"),
            ("(01632) 960-000", "+441632960000"),
            ("+44 (0)7700 900123", "+447700900123"),
            ("0044 7700 900123", "+447700900123"),
            ("+353 20 912 3456", "+353209123456"),
        ] {
            assert_eq!(phone("phone", typed).map(|p| p.e164).as_deref(), Ok(e164), "{typed}");
        }
        for wrong in ["7700900123", "0770090012345", "+44", "+0123456789", "call me", "07700 9OO123"] {
            assert!(phone("phone", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn postcodes_in_any_case_and_spacing() {
        for (typed, plain) in [
            ("sk1 3xe", "SK13XE"),
            ("S K 1 3 X E", "SK13XE"),
            ("M1 1AE", "M11AE"),
            ("EC1A 1BB", "EC1A1BB"),
            ("W1A0AX", "W1A0AX"),
            ("GIR 0AA", "GIR0AA"),
            ("sk14 1aa", "SK141AA"),
        ] {
            assert_eq!(postcode("postcode", typed).as_deref(), Ok(plain), "{typed}");
        }
        for wrong in ["", "SK1", "SK1 3X", "SK1 3CC", "1SK 3XE", "QK1 3XE", "SK111 3XE", "ÅK1 3XE"] {
            assert!(postcode("postcode", wrong).is_err(), "{wrong}");
        }
        assert_eq!(spaced_postcode("SK13XE"), "SK1 3XE");
    }

    #[test]
    fn certificate_numbers_keep_their_zeros() {
        assert_eq!(certificate_number("certificateNumber", "0012 3456 7890").as_deref(), Ok("001234567890"));
        for wrong in ["12345678901", "1234567890123", "00123456789O", "", "١٢٣٤٥٦٧٨٩٠١٢"] {
            assert!(certificate_number("certificateNumber", wrong).is_err(), "{wrong}");
        }
        assert!(is_usual_application_reference("E0123456789") && !is_usual_application_reference("X0123456789"));
    }

    #[test]
    fn languages_are_iso_639_3() {
        assert_eq!(language("languages", "BFI").as_deref(), Ok("bfi"));
        assert!(language("languages", "english").is_err() && language("languages", "en").is_err());
    }

    #[test]
    fn birth_dates_are_judged_today() {
        let today: NaiveDate = "2026-11-21".parse().expect("a date");
        for (birth, ok) in [
            ("2010-11-21", true),
            ("2010-11-22", false),
            ("1916-11-21", true),
            ("1900-01-01", false),
            ("2027-01-01", false),
            ("2008-02-29", true),
        ] {
            assert_eq!(birth_date("birthDate", birth.parse().expect("a date"), today).is_ok(), ok, "{birth}");
        }
    }

    #[test]
    fn passwords_are_long_not_strange() {
        assert!(password("password", "correct horse battery").is_ok());
        for wrong in ["short", &"x".repeat(129), &"🔒".repeat(129)] {
            assert!(password("password", wrong).is_err());
        }
    }
}
