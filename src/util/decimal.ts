/** Numbers as people and programs write them in texts: decimal ones, with a point. */

/** Sign, digits with a point, power of ten; one with fewer digits on either side of the point is one. */
const plain = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** The number that a text is; NaN for any other text, also for 0x10, 0b1 and an empty one, which JavaScript takes. */
export const decimal = (text: string): number => (plain.test(text) ? Number(text) : Number.NaN);

/** What to write instead of a number with a decimal comma: "; decimals have a point: 1.5". Empty for other texts. */
export const commaHint = (text: string): string =>
  /^[-+]?\d+,\d+(?:[eE][-+]?\d+)?$/.test(text) ? `; decimals have a point: ${text.replace(',', '.')}` : '';
