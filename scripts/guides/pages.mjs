// The guides as pages of HTML in dist/, next to the other pages: `ewald page` and any static server of that folder show
// them. docs/*.md become guide-NAME.html, and the pages that they link to, such as READMEs of rooms, as well.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { Marked } from 'marked';
import { root } from '../lib/run.mjs';

const start = () =>
  readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`);

/** Targets of the links of a page, as paths in the repository. */
const linksOf = (path) =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) =>
    posix.join(dirname(path), target),
  );

/** Paths of all pages in Markdown that become guides: docs/, and what it links to. */
export function guideSources() {
  const linked = start().flatMap(linksOf);
  return [...new Set([...start(), ...linked])].filter((path) => path.endsWith('.md') && existsSync(join(root, path)));
}

/** Paths of the pictures that guides show. */
export function guidePictures() {
  const isPicture = (path) => /\.(jpg|svg)$/.test(path) && existsSync(join(root, path));
  return [...new Set(guideSources().flatMap(linksOf))].filter(isPicture);
}

/** The file name of a page: docs/README.md is guides.html, the README of src/fft is guide-src-fft.html. */
export function guideName(path) {
  if (path === 'docs/README.md') return 'guides.html';
  const name = path.replace(/^docs\/|^benchmarks\/(?=results)|(\/README)?\.md$/g, '');
  return `guide-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.html`;
}

const idOf = (text) =>
  text
    .replace(/<[^>]+>|&\w+;/g, '')
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');

/** A page as HTML without inline scripts or styles, which the policy of the server refuses. */
export function guidePage(path, sources) {
  const text = readFileSync(join(root, path), 'utf8').replace(/^<!--.*-->\n/gm, '');
  const title = /^# (.+)$/m.exec(text)?.[1] ?? path;
  const marked = new Marked({
    renderer: {
      heading: (html, level) => `<h${level} id="${idOf(html)}">${html}</h${level}>\n`,
      link(href, _, html) {
        if (/^(https?:|#)/.test(href)) return `<a href="${href}">${html}</a>`;
        const [file, hash] = href.split('#');
        const target = posix.join(dirname(path), file);
        // What has no page is in the package or in the repository.
        if (!sources.includes(target)) return html;
        return `<a href="${guideName(target)}${hash === undefined ? '' : `#${hash}`}">${html}</a>`;
      },
      image: (href, _, words) => `<img src="${posix.basename(href)}" alt="${words}">`,
    },
  });
  const nav = '<nav><a href="index.html">ewald</a> <a href="guides.html">Guides</a></nav>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} – ewald</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="palette.css">
<link rel="stylesheet" href="guides.css">
</head>
<body>
${nav}
<main>
${marked.parse(text)}</main>
</body>
</html>
`;
}
