// @module-tag all: it opens Chromium
/** At every zoom the picture shows every bright pixel, where it is, and the panels do not leak into each other. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { browsing, drawnBy, npyHead, serve, Visit } from './visit.js';

const at = browsing();
const [width, rows] = [400, 300];
/** Two panels, one below the other in the frame; the second one is above the first in the laboratory, and turned. */
const turn = (15 * Math.PI) / 180;
const [cos, sin] = [Math.cos(turn), Math.sin(turn)].map((x) => x.toFixed(12));
const geometry = `photon_energy = 9500
clen = 0.1
res = 10000
adu_per_photon = 1
a/min_fs = 0
a/max_fs = ${width - 1}
a/min_ss = 0
a/max_ss = ${rows - 1}
a/corner_x = -200
a/corner_y = -310
a/fs = x
a/ss = y
b/min_fs = 0
b/max_fs = ${width - 1}
b/min_ss = ${rows}
b/max_ss = ${2 * rows - 1}
b/corner_x = -180
b/corner_y = 30
b/fs = ${cos}x +${sin}y
b/ss = -${sin}x +${cos}y
`;

/** What the page's console offers, as far as it is needed here. */
declare const viewer: {
  opened?: unknown;
  pane: {
    layout: { placeOf(fs: number, ss: number): readonly [number, number] | undefined };
    viewport: { toCanvas(place: readonly [number, number]): readonly [number, number] };
    picture: {
      limits: [number, number];
      background: readonly number[];
      colour(table: Uint8Array): void;
      draw(viewport: object, anew: boolean): void;
      frame?: unknown;
    };
  };
};

test.for(['gpu', 'cpu'] as const)(
  '%s: every bright pixel is seen at every zoom, and nothing else',
  { tags: 'nightly' },
  async (who) => {
    // A linear congruential generator (Knuth), of which the high bits are used.
    let state = 7;
    const below = (n: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const corners = [0, rows - 1, rows, 2 * rows - 1].flatMap((ss) => [0, width - 1].map((fs) => [fs, ss] as const));
    const between = Array.from({ length: 60 }, () => [below(width), below(2 * rows)] as const);
    const places = [...corners, ...between];
    const data = new Uint16Array(width * 2 * rows).fill(10);
    for (const [fs, ss] of places) data[ss * width + fs] = 60_000;
    writeFileSync(at('dots.npy'), Buffer.concat([npyHead([1, 2 * rows, width], '<u2'), new Uint8Array(data.buffer)]));
    writeFileSync(at('dots.geom'), geometry);
    const visit = await Visit.open(drawnBy(who, await serve([at('dots.npy'), '-g', at('dots.geom')])));
    await visit.page.waitForFunction(() => viewer.pane.picture.frame !== undefined, undefined, { timeout: 60_000 });
    const wrong = await visit.page.evaluate((dots) => {
      const { layout, viewport, picture } = viewer.pane;
      const canvas = document.querySelector('#pane .picture') as HTMLCanvasElement;
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const pen = copy.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
      const faults: string[] = [];
      let seen = 0;
      picture.colour(Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)));
      Object.assign(picture, { limits: [0, 100], background: [0, 0, 0] });
      for (const zoom of [0.07, 0.21, 0.3618, 0.45, 0.5, 0.7656, 0.99, 1, 1.3, 3.3]) {
        const view = Object.assign(Object.create(Object.getPrototypeOf(viewport)), viewport, {
          zoom,
          centre: [0, 20.3],
        });
        picture.draw(view, true);
        pen.drawImage(canvas, 0, 0);
        const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        const isLit = (x: number, y: number): boolean => {
          const i = 4 * (y * canvas.width + x);
          // Values of 10 are a tenth of the way from black.
          return Math.min(pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number) > 200;
        };
        const near = 1 + zoom + 1 / zoom / 8;
        const expected: (readonly [number, number])[] = [];
        for (const [fs, ss] of dots) {
          const [x, y] = view.toCanvas(layout.placeOf(fs + 0.5, ss + 0.5));
          if (Math.min(x, y, canvas.width - x, canvas.height - y) < 8) continue;
          expected.push([x, y]);
          let found = false;
          for (let j = Math.floor(y - near); j <= y + near; j++)
            for (let i = Math.floor(x - near); i <= x + near; i++) found ||= isLit(i, j);
          if (found) seen++;
          else faults.push(`zoom ${zoom}: (${fs}, ${ss}) is not seen`);
        }
        const apart = (x: number, y: number): number =>
          Math.min(...expected.map(([a, b]) => Math.hypot(x + 0.5 - a, y + 0.5 - b)));
        for (let y = 8; y < canvas.height - 8; y++)
          for (let x = 8; x < canvas.width - 8; x++)
            if (isLit(x, y) && apart(x, y) > 3.5 + 1.5 * zoom) faults.push(`zoom ${zoom}: (${x}, ${y}) is lit`);
      }
      return { faults: faults.slice(0, 20), seen };
    }, places);
    expect(wrong.faults).toEqual([]);
    expect(wrong.seen).toBeGreaterThan(9 * 60);
    expect(visit.faults).toEqual([]);
  },
);
