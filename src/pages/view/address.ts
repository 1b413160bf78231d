/**
 * The view as the fragment of an address, so that a link shows the same image to someone else:
 * `#f=12&at=175.1,-31.2,34&s=linear&c=viridis&lim=0,38&o=pir&pk=12,4.5,4&only=hits`. Unknown parts are kept as they
 * are.
 */

/** Contents of an address; anything missing is undefined. */
export interface AddressState {
  readonly frame?: number;
  /** Centre in the plane of the detector, and zoom. */
  readonly at?: readonly [x: number, y: number, zoom: number];
  readonly scale?: string;
  readonly colours?: string;
  /** Only if they are locked. */
  readonly limits?: readonly [number, number];
  /** One letter for each visible overlay. */
  readonly overlays?: string;
  /** Threshold, signal-to-noise ratio and background radius of the finder, if they were changed. */
  readonly finder?: readonly [number, number, number];
  readonly only?: string;
  /** The stage of the peak search that is shown instead of the frame. */
  readonly stage?: string;
  /** Column and row of the cross on a scan, and the size of its region if it is larger than one position. */
  readonly region?: readonly number[];
  /** Shape of the virtual detector, its centre and its radii. */
  readonly virtual?: { readonly kind: string; readonly numbers: readonly number[] };
  /**
   * The quantity that is computed from the pixels in the virtual detector; with `fft`, the transform of its image is
   * shown.
   */
  readonly quantity?: string;
  readonly fourier?: boolean;
  /** The results in further panes. */
  readonly results?: readonly string[];
}

/** The names of the parts of an address; docs/view.md describes them. */
export const addressParts = ['f', 'at', 's', 'c', 'lim', 'o', 'pk', 'only', 'st', 'p', 'v', 'q', 'fft', 'r'];

/** Parses the numbers of a list; undefined if one of them is missing or not a number. */
function numbersIn(text: string | null, count: number): number[] | undefined {
  const words = text?.split(',') ?? [];
  const numbers = words.map((word) => (word.trim() === '' ? Number.NaN : Number(word)));
  return numbers.length === count && numbers.every(Number.isFinite) ? numbers : undefined;
}

/**
 * A centre and a zoom, rounded as in an address. The sender of an address also displays the rounded position, so that
 * both see the same image.
 */
export const roundedPlace = ([x, y, zoom]: readonly [x: number, y: number, zoom: number]): [number, number, number] => [
  Number(x.toFixed(3)),
  Number(y.toFixed(3)),
  Number(zoom.toPrecision(6)),
];

/** Reads the fragment of an address; invalid parts are ignored. */
export function readAddress(fragment: string): AddressState {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''));
  const [frame] = numbersIn(parts.get('f'), 1) ?? [];
  const at = numbersIn(parts.get('at'), 3);
  const limits = numbersIn(parts.get('lim'), 2);
  const finder = numbersIn(parts.get('pk'), 3);
  const text = (name: string): string | undefined => parts.get(name) ?? undefined;
  const state: { -readonly [K in keyof AddressState]: AddressState[K] | undefined } = {
    frame: frame !== undefined && Number.isInteger(frame) && frame >= 0 ? frame : undefined,
    at: at && (at[2] as number) > 0 ? (at as [number, number, number]) : undefined,
    scale: text('s'),
    colours: text('c'),
    limits: limits as [number, number] | undefined,
    overlays: text('o'),
    finder: finder as [number, number, number] | undefined,
    only: text('only'),
    stage: text('st'),
    region: numbersIn(parts.get('p'), 2) ?? numbersIn(parts.get('p'), 4),
    virtual: virtualOf(parts.get('v')),
    quantity: text('q'),
    fourier: parts.get('fft') === '1' ? true : undefined,
    results: text('r')?.split(','),
  };
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
}

/** Parses a virtual detector: its shape, centre and radii. */
function virtualOf(text: string | null): AddressState['virtual'] | undefined {
  const [kind = '', ...rest] = text?.split(',') ?? [];
  const numbers = numbersIn(rest.join(','), rest.length);
  return numbers && numbers.length >= 2 && numbers.length <= 4 ? { kind, numbers } : undefined;
}

/** Writes a fragment; parts of `before` that do not belong to the viewer are kept. */
export function writeAddress(state: AddressState, before = ''): string {
  const { frame, at, scale, colours, limits, overlays, finder, only, stage } = state;
  const { region, virtual, quantity, fourier, results = [] } = state;
  const rounded = (numbers: readonly number[], digits: number): string =>
    numbers.map((value) => String(Number(value.toPrecision(digits)))).join(',');
  const [x = 0, y = 0, zoom = 1] = at ? roundedPlace(at) : [];
  const parts: [string, string | undefined][] = [
    ['f', frame?.toString()],
    ['at', at && [x, y, zoom].join(',')],
    ['s', scale],
    ['c', colours],
    ['lim', limits && rounded(limits, 5)],
    ['o', overlays],
    ['pk', finder && rounded(finder, 4)],
    ['only', only === 'all' ? undefined : only],
    ['st', stage === 'frame' ? undefined : stage],
    ['p', region?.join(',')],
    ['v', virtual && [virtual.kind, ...virtual.numbers.map((value) => Number(value.toPrecision(6)))].join(',')],
    ['q', quantity === 'sum' ? undefined : quantity],
    ['fft', fourier ? '1' : undefined],
    ['r', results.length > 0 ? results.join(',') : undefined],
  ];
  const foreign = [...new URLSearchParams(before.replace(/^#/, ''))].filter(([name]) => !addressParts.includes(name));
  const written = [...parts, ...foreign].flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`],
  );
  return `#${written.join('&')}`;
}
