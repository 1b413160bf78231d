/** Short words in pictures that are made without a browser: letters of 3 × 5 squares. */

/** RGBA bytes of a picture. */
export interface Picture {
  readonly rgba: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** The squares of each row of a letter, as the bits of an octal digit. */
const letters: Readonly<Record<string, string>> = {
  '0': '75557',
  '1': '26227',
  '2': '71747',
  '3': '71717',
  '4': '55711',
  '5': '74717',
  '6': '74757',
  '7': '71111',
  '8': '75757',
  '9': '75717',
  A: '25755',
  B: '65656',
  C: '34443',
  D: '65556',
  E: '74647',
  F: '74644',
  G: '34553',
  H: '55755',
  I: '72227',
  J: '11152',
  K: '55655',
  L: '44447',
  M: '57755',
  N: '65555',
  O: '25552',
  P: '65644',
  Q: '25573',
  R: '65655',
  S: '34216',
  T: '72222',
  U: '55557',
  V: '55552',
  W: '55775',
  X: '55255',
  Y: '55222',
  Z: '71247',
  '.': '00002',
  ',': '00024',
  ':': '02020',
  '-': '00700',
  '+': '02720',
  '/': '11244',
  '(': '24442',
  ')': '42224',
  '%': '51245',
  _: '00007',
  '·': '00200',
};
/** Letters that are shown as others. */
const alike: Readonly<Record<string, string>> = { Å: 'A', µ: 'U', '−': '-', '⁻': '-', '¹': '1', '²': '2', '×': 'X' };
/** Size of a square, and the distance of letters, in pixels. */
const [size, advance] = [3, 12];

/** The width of a text in pixels. */
export const textWidth = (text: string): number => advance * [...text].length;

/** Puts the pixels of a text, from its upper left corner on; what has no letter is a space. */
export function putText(x: number, y: number, text: string, put: (x: number, y: number) => void): void {
  const left = Math.round(x);
  for (const [i, given] of [...text].entries()) {
    const upper = given.toUpperCase();
    const rows = letters[alike[upper] ?? upper] ?? '00000';
    for (const [row, digit] of [...rows].entries())
      for (let column = 0; column < 3; column++) {
        if (!(Number(digit) & (4 >> column))) continue;
        for (let k = 0; k < size * size; k++)
          put(left + i * advance + column * size + (k % size), Math.round(y) + row * size + Math.floor(k / size));
      }
  }
}

/** Writes a text in black; what has no room is cut. */
export const drawText = ({ rgba, width, height }: Picture, x: number, y: number, text: string): void =>
  putText(x, y, text, (u, v) => {
    if (u < width && v >= 0 && v < height) rgba.set([0, 0, 0, 255], 4 * (v * width + u));
  });
