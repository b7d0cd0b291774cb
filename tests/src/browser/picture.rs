//! Pictures of whole pages, kept as output of the tests.

use std::env;
use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;
use serde_json::json;

use super::Browser;

/// A page of one colour is a few thousand octets as PNG, one with text on it tens of thousands.
const BYTES_MIN: usize = 15_000;

/// What every PNG begins with (W3C PNG §5.2); then its header follows, with width and height.
const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

impl Browser {
    /// Writes a picture of the whole page, as long as it is, to the folder of [`pictures`], and prints where it is.
    ///
    /// # Panics
    ///
    /// When the picture is not as wide as the page, or is empty, or cannot be written.
    pub fn picture(&self, name: &str) -> PathBuf {
        let size = &self.cdp("Page.getLayoutMetrics", json!({}))["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let options = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.cdp("Page.captureScreenshot", options);
        let data = picture["data"].as_str().expect("a picture has data");
        let png = BASE64.decode(data.as_bytes()).expect("a picture is base64");
        assert_eq!(width(&png), size["width"].as_u64(), "{name} is not as wide as the page, or no PNG");
        assert!(png.len() >= BYTES_MIN, "{name} is empty: {} octets", png.len());
        let file = pictures().join(name).with_extension("png");
        fs::write(&file, png).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
        println!("picture: {}", file.display());
        file
    }
}

/// The folder of the pictures, `screenshots` beside the folders that cargo builds into.
///
/// # Panics
///
/// When it cannot be made.
pub fn pictures() -> PathBuf {
    let test = env::current_exe().expect("the path of the running test");
    let target = test.ancestors().nth(3).expect("invariant: a test is three folders deep: target, profile, deps");
    let folder = target.join("screenshots");
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
    folder
}

fn width(png: &[u8]) -> Option<u64> {
    let header = png.strip_prefix(&SIGNATURE)?;
    // The length and the name of the header come first, four octets each.
    let width: [u8; 4] = header.get(8..12)?.try_into().ok()?;
    Some(u32::from_be_bytes(width).into())
}
