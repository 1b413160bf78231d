/** The names of panels in a message, of which a detector may have hundreds. */
export const panelNames = (panels: readonly { readonly name: string }[]): string =>
  `${panels
    .slice(0, 4)
    .map(({ name }) => name)
    .join(', ')}${panels.length > 4 ? ` and ${panels.length - 4} more` : ''}`;
