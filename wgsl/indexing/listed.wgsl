// The list of cells that are scored to the mean distance, in `counts`: how many, then which. As many as that even where
// equal counts leave more: then their order decides.
const LISTED = 1024u;
fn listed_at(image: u32) -> u32 { return image * run.count_words; }
