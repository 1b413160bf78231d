// The section of CHANGELOG.md that belongs to a version.

/**
 * The text below `## VERSION, DATE` and whether the section is released: its heading has a date. Throws if there is no
 * section, or nothing in it.
 */
export function changelogOf(text, version) {
  const sections = text.split(/^## /m).slice(1);
  const section = sections.find((part) => part.split(/[,\n]/)[0].trim() === version);
  if (!section) {
    const found = sections.map((part) => part.split(/[,\n]/)[0].trim()).join(', ') || 'none';
    throw new Error(`CHANGELOG.md has no section "## ${version}, YYYY-MM-DD"; its versions: ${found}`);
  }
  const [heading, ...lines] = section.split('\n');
  const changes = lines.join('\n').trim();
  if (changes === '') throw new Error(`the section ${version} of CHANGELOG.md is empty`);
  const date = /^[^,]*,\s*(\d{4}-\d{2}-\d{2})\s*$/.exec(heading)?.[1];
  return { changes, date };
}
