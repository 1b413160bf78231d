// biome-ignore lint/suspicious/noExplicitAny: plain definitions, as a module without types has them
type Plain = any;
export const places: Plain;
export const spectrum: Plain;
