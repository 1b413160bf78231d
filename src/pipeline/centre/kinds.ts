/** By what a centre is found. */
export const centreKinds = ['direct', 'background', 'pairs', 'cell'] as const;
export type CentreKind = (typeof centreKinds)[number];
/** What a frame and its peaks tell without a cell. */
export type CentreOfFrame = Exclude<CentreKind, 'cell'>;
