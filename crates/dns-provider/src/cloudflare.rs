//! Cloudflare, by its DNS batch API.
