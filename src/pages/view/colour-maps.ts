/**
 * Colour maps: 256 colours from the lowest to the highest value.
 *
 * Viridis, inferno and cividis are matplotlib's tables, which are in the public domain (CC0). Maps but
 * blue-red rise or fall steadily in lightness, so that brighter always means more (or, in the inverted grey, less).
 */

/** The letter of a step of 0 in the tables below. */
const noStep = 'm'.charCodeAt(0);

/**
 * A map, RGB bytes of [256, 3], from its first colour and the steps to the next value of a channel: 255 letters for
 * red, for green and for blue. Smooth maps have few different steps: a page loads some 200 bytes a map, not 800.
 */
function decode(first: readonly [red: number, green: number, blue: number], steps: string): Uint8Array {
  const map = new Uint8Array(768);
  for (const [channel, start] of first.entries())
    for (let i = 0, value = start; i < 256; i++) {
      map[3 * i + channel] = value;
      value += steps.charCodeAt(255 * channel + i) - noStep;
    }
  return map;
}

const viridis = decode(
  [68, 1, 84],
  'mnmnmmmnmmmmnmmmmmmmmmmmmmmmmlmmmmlmmmlmmlmmlmlmmlmlmlmlmmlmlmlmlmlmlmlmlmlmlmlmlmlmmlmlmlmmlmlmmlmlmmlmmlmlmmlm' +
    'mlmmlmlmmlmmlmmmlmmlmmmmmmlmmnmmmmmnmnmnmnnnmnnnnnonnnononononoonoooooooooooooooopooopoopoopopopopopopoppopoppop' +
    'poppoppoppoppoppopoppopopopoopononononononononnonnnonnonnnonnonnnnonnnonnnnonnnnnonnnnnnonnnnnnnnnnonnnnnnnnnnnn' +
    'nnnnnnnnnnnnnmnnnnnnnnnnnnnnnnnmnnnnnnnnnnnnnnnnmnnnnnnnnnnnnnnnmnnnnnnnnnnnnmnnnnnnnnnmnnnnnnmnnnnnmnnnnmnnnmnn' +
    'nmnnmnnnmnmnnmnnmnmnmnmnmnmnmnmnmnmmnmmnmnmmnmmnmmnmmnmmmnmmnmonononnononnonnnonnnnnonnnnnnnmnnnnmnnnmnnmnmnmnmn' +
    'mnmmnmmnmmmnmmmnmmmmmnmmmmmmmmnmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmlmmmmmmlmmmmlmmmlmmlmmlmmlmlmlmmllmlmlmllm' +
    'lllmlllmllllllllllllllllllklllkllkllkllklklklkklklkklkklkklkkklkkklklkkllkllllmlmmnmnnnnnonoo',
);
const inferno = decode(
  [0, 0, 4],
  'nmmnmmnnmnnnnnnnnnnonnonnonononoonoonoooonooonoonooonoononoononoononoononoononoonononoononoononoonononoononoonon' +
    'ononoonononononononnononnonnonnonnnonnnnonnnnnnnnnnnnnnmnnnnmnnmnnmnnmnmnmnmmnmmnmmnmmmmnmmmmmmmmmmmlmmmmlmmmlmm' +
    'lmlmlmlmlmmlmlmmlmmmnmnmnnnonnomnmmnmmnmnmnmnnmnmnmnmnmmnmmmmmmmmmlmmmlmmmlmmmmmnmmmnmnmnmnmnmnmnnmnmnnmnmnnmnmn' +
    'mnnmnmnmnnmnmnmnmnnmnmnmnnmnmnnmnnmnnmnnmnnnmnnnnnmnnnnnnnnnnnnnnonnnnonnnonnononnononononoonoonoonoonooonooonoo' +
    'ooonooooooonoooooooooooooooonooooooooooooooonooonoononnonnnnnonnooooooopoooopoopoopoopopopoopoopoooooonononnnnnn' +
    'nmnnmnmnmmnmmnmmmmmmmmmmmmmmmmmmmlmmmmlmmlmmlmlmmlmlmlmllmlmlllmllmllllmlllllllllllllllllllllllllklllllklllllkll' +
    'llklllklllkllkllkllklllkllklllllmlmmmnmnnnonoonoooopooopoopoppoppppppppqpqpqqqqqqqqrqqqqqqpqp',
);
const cividis = decode(
  [0, 32, 81],
  'mmmmmmmmmmmmmmmnnnnnmnnnnonnnnnonnnonnnonnononnonnononnonnononnonnonnnonnonnnnonnnnonnnnnnnnonnnnnnnnnnnnnmnnnnn' +
    'nnnnmnnnnnmnnnnnmnnnnnmnnnnmnnnnnmnnnnnmnnnnnnnnmnnnnnnnnnnnnnnnnnnnnnonnnnnnonnnnnonnnnonnnonnnonnnonnnonnnonnn' +
    'nonnnnnnnnonmnnnnnnnmnnmnmnmnmmnnnmnnmnnmnnmnnmnnmnnnmnnmnnmnnnmnnmnnmnnnmnnmnnnmnnmnnnmnnmnnnmnnmnnnmnnmnnnmnnm' +
    'nnnmnnmnnnmnnnmnnmnnnmnnnmnnnmnnmnnnmnnnmnnnmnnnmnnnmnnnnmnnnmnnnmnnnnmnnnnmnnnnmnnnnmnnnnmnnnnnmnnnnnmnnnnnnmnn' +
    'nnnnnmnnnnnnnmnnnnnnnnnnmnnnnnnnnnnnnnnmnnnnnnnnnnnnnnnnnnnnnnoononnonnnnnnnnnmnnmnnmnmmnmmnmmnmmmmmmnmmmmmmmmmm' +
    'mmmmmmmmmmmmmmmmmmlmmmmmmmmnmmmmmmmmmmmmmmmnmmmmmmnmmmmmnmmmmmnmmmmnmmmnmmmmnmmmmnmmmmmnmmmmmmnmmmmmmmmmmmmmmmmm' +
    'mmmmmmmmlmmmmlmmmlmmlmmlmlmmlmlmlmllmlmllmllmllmlllmlllmllllmllllmlllllmlllmlllmllmllmlmllmml',
);

const grey = (level: (i: number) => number): Uint8Array =>
  Uint8Array.from({ length: 768 }, (_, i) => level(Math.floor(i / 3)));

/** A map through colours at equal distances. */
function through(colours: readonly (readonly [red: number, green: number, blue: number])[]): Uint8Array {
  return Uint8Array.from({ length: 768 }, (_, k) => {
    const at = (Math.floor(k / 3) / 255) * (colours.length - 1);
    const first = Math.min(colours.length - 2, Math.floor(at));
    const [a, b] = [colours[first]?.[k % 3] ?? 0, colours[first + 1]?.[k % 3] ?? 0];
    return Math.round(a + (at - first) * (b - a));
  });
}

/** The maps by name, each [256, 3] RGB; blue-red is for numbers about zero. */
export const colourMaps = {
  'grey-inverse': grey((i) => 255 - i),
  grey: grey((i) => i),
  viridis,
  inferno,
  cividis,
  'blue-red': through([
    [12, 38, 100],
    [60, 130, 190],
    [170, 208, 228],
    [247, 247, 247],
    [248, 190, 160],
    [210, 85, 70],
    [100, 6, 28],
  ]),
} as const;

/** Name of a colour map. */
export type ColourMapName = keyof typeof colourMaps;

/** Names of the maps, in the order in which the page offers them. */
export const colourMapNames = Object.keys(colourMaps) as ColourMapName[];

/** Whether low values are light: overlays are drawn in dark inks then. */
export const isLight = (name: ColourMapName): boolean => name === 'grey-inverse';
