/** Pictures and documents that people drop or name by mistake: what their first bytes say they are. */

const beginnings: readonly (readonly [begin: RegExp, what: string])[] = [
  [/^\xff\xd8\xff/, 'a picture (JPEG)'],
  [/^\x89PNG\r\n/, 'a picture (PNG)'],
  [/^GIF8[79]a/, 'a picture (GIF)'],
  [/^RIFF[\s\S]{4}WEBP/, 'a picture (WebP)'],
  [/^[\s\S]{4}ftyp(heic|heix|mif1|avif)/, 'a photograph (HEIC, AVIF)'],
  [/^[\s\S]{4}ftyp/, 'a video (MP4)'],
  [/^%PDF-/, 'a document (PDF)'],
];

/** What a file of these first bytes, as Latin-1, is; undefined if it is none of these. */
export const pictureOfHead = (head: string): string | undefined => beginnings.find(([begin]) => begin.test(head))?.[1];
