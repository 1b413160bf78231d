/** Messages on pages, which have no options and no shell. */

/** What messages say to users of a shell or of JavaScript, and what a page says instead. */
const instead: readonly (readonly [RegExp, string])[] = [
  // Files that the server of the page offers have names, and their addresses concern nobody.
  [/ does not exist \(looked for by HTTP: \d+\)/, ' has vanished: it was moved, renamed or deleted'],
  [/; give geometry: FILE \(-g FILE\)(; in JavaScript.*)?$/, '; open it together with its .geom'],
  [/: give it as (?:geometry|one of the cells) \(-[gp]\), beside .*$/, ': open it together with its frames'],
  [/(has none of the known formats): [\w, ]+/, '$1'],
  [/lists of spots are inputs of ewald index, .*$/, 'a geometry and a cell are opened together with their frames'],
  [/; allowMissing \(--allow-missing\) reads the others/, '; open it together with the others'],
  [/; to read the data anyway, pass checksums: false \(--no-checksums\)/, ''],
  [/\. If the size is real, raise maxFrameBytes \(--max-frame-bytes\)/, ''],
  [/raise maxFrameBytes \(--max-frame-bytes\), or /, ''],
  [/ \(ewald convert\), or search Float32Array\.from\(frame, Number\)/, ' first'],
  [/; ewald convert writes them in order/, '; in a file that was converted they are in order'],
  [/, or what ewald calibrate wrote/, ', or a file that this page saved'],
  [/a state of ewald merge, which continues with it/, 'a state of a merge'],
  [/: ewald [a-z]+ .*$/, ''],
  [/ \(--?[a-z][\w-]*(?: [\w./-]+)*\)/g, ''],
];

/** A message or a remark in words of the page. */
export function wordsOnPage(text: string): string {
  const named = text.replace(/https?:\/\/\S*?\/files\/\d+\/([^\s/:;,]+)/g, (_, name: string) =>
    decodeURIComponent(name),
  );
  return instead.reduce((said, [pattern, words]) => said.replace(pattern, words), named);
}
