// The picture of the house for docs/architecture.md: a shelf for each row of the table of folders in src/README.md.

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);

/** A box with a folder's name and, in the same box, those of its rooms; `x` is where the next one begins. */
function box(name, rooms, x, y) {
  const list = rooms.join(' · ');
  const wide = 22 + 7.25 * (name.length + (list && list.length + 1));
  const words = `<tspan class="group">${name}</tspan>${list && ` <tspan>${list}</tspan>`}`;
  return {
    svg:
      `<rect x="${x}" y="${y}" width="${wide.toFixed(1)}" height="24" rx="4"/>` +
      `<text x="${(x + wide / 2).toFixed(1)}" y="${y + 16}">${words}</text>`,
    x: x + Math.round(wide) + 8,
  };
}

/** The rows of the table of folders in src/README.md: folders with their rooms, and what they are. */
export function shelvesOf(readme) {
  const [part] = readme.split('## A room shows itself');
  return [...part.matchAll(/^\| (`\w+\/`(?:, `\w+\/`)*) \| (.*) \|$/gm)].map(([, names, what]) => ({
    folders: [...names.matchAll(/\w+/g)].map(([name]) => ({ name, rooms: [] })),
    what: what.replaceAll('`', ''),
  }));
}

/** The picture as SVG. The top shelf is the last row of the table: folders import from their shelf and lower ones. */
export function housePicture(readme) {
  const shelves = shelvesOf(readme).reverse();
  const [width, step, left] = [760, 58, 12];
  const parts = shelves.map(({ folders, what }, i) => {
    const y = 10 + i * step;
    let x = left;
    const boxes = folders.map(({ name, rooms }) => {
      const made = box(name, rooms, x, y);
      x = made.x;
      return made.svg;
    });
    const line = `<path d="M0 ${y + 46}H${width}"/>`;
    return `${boxes.join('')}<text class="what" x="${left}" y="${y + 39}">${escaped(what)}</text>${line}`;
  });
  const style =
    'text{font:12px ui-monospace,monospace;text-anchor:middle;fill:#57606a}.group{font-weight:600;fill:#1f2328}' +
    '.what{font:11px system-ui,sans-serif;text-anchor:start}' +
    'rect{fill:#dbe9f6;stroke:#6a94c4}path{stroke:#d0d7de}svg{background:#fff}';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${10 + shelves.length * step}" role="img">` +
    `<title>The folders of src: each imports from its own shelf and from lower ones</title><style>${style}</style>\n` +
    `${parts.join('\n')}\n</svg>\n`
  );
}
