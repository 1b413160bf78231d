/**
 * Colour maps: 256 colours from the lowest to the highest value.
 *
 * Viridis, inferno and cividis are matplotlib's tables, which are in the public domain (CC0). All five maps rise or
 * fall steadily in lightness, so that brighter always means more (or, in the inverted grey, less).
 */

/** RGB bytes of a map, [256, 3], as base64. */
const viridis =
  'RAFURAJWRQRXRQVZRgdaRghcRgpdRgteRw1gRw5hRxBjRxFkRxNlSBRnSBZoSBdpSBhqSBpsSBttSBxuSB1vSB9wSCBxSCFzSCN0SCR1' +
  'SCV2SCZ3SCh4SCl5Ryp6Ryx6Ry17Ry58Ry99RjB+RjJ+RjN/RjSARTWBRTeBRTiCRDmDRDqDRDuEQz2EQz6FQj+FQkCGQkGGQUKHQUSH' +
  'QEWIQEaIP0eIP0iJPkmJPkqJPkyKPU2KPU6KPE+KPFCLO1GLO1KLOlOLOlSMOVWMOVaMOFiMOFmMN1qMN1uNNlyNNl2NNV6NNV+NNGCN' +
  'NGGNM2KNM2ONMmSOMmWOMWaOMWeOMWiOMGmOMGqOL2uOL2yOLm2OLm6OLm+OLXCOLXGOLHGOLHKOLHOOK3SOK3WOKnaOKneOKniOKXmO' +
  'KXqOKXuOKHyOKH2OJ36OJ3+OJ4COJoGOJoKOJoKOJYOOJYSOJYWOJIaOJIeOI4iOI4mOI4qNIouNIoyNIo2NIY6NIY+NIZCNIZGMIJKM' +
  'IJKMIJOMH5SMH5WLH5aLH5eLH5iLH5mKH5qKHpuKHpyJHp2JH56JH5+IH6CIH6GIH6GHH6KHIKOGIKSGIaWFIaaFIqeFIqiEI6mDJKqD' +
  'JauCJayCJq2BJ62BKK6AKa9/KrB/LLF+LbJ9LrN8L7R8MbV7MrZ6NLZ5Nbd5N7h4OLl3Orp2O7t1Pbx0P7xzQL1yQr5xRL9wRsBvSMFu' +
  'SsFtTMJsTsNrUMRqUsVpVMVoVsZnWMdlWshkXMhjXsliYMpgY8tfZcteZ8xcac1bbM1abs5YcM9Xc9BWddBUd9FTetFRfNJQf9NOgdNN' +
  'hNRLhtVJidVIi9ZGjtZFkNdDk9dBldhAmNg+m9k8ndk7oNo5oto3pds2qNs0qtwyrdwwsN0vst0ttd4ruN4put4ovd8mwN8lwt8jxeAh' +
  'yOAgyuEfzeEd0OEc0uIb1eIa2OIZ2uMZ3eMY3+MY4uQY5eQZ5+QZ6uUa7OUb7+Uc8eUd9OYe9uYg+OYh++cj/ecl';
const inferno =
  'AAAEAQAFAQEGAQEIAgEKAgIMAgIOAwIQBAMSBAMUBQQXBgQZBwUbCAUdCQYfCgciCwckDAgmDQgpDgkrEAktEQowEgoyFAs0FQs3Fgs5' +
  'GAw8GQw+GwxBHAxDHgxFHwxIIQxKIwxMJAxPJgxRKAtTKQtVKwtXLQtZLwpbMQpcMgpeNApfNglhOAliOQljOwlkPQllPglmQApnQgpo' +
  'RApoRQppRwtqSQtqSgxrTAxrTQ1sTw1sUQ5sUg5tVA9tVQ9tVxBuWRBuWhFuXBJuXRJuXxNuYRNuYhRuZBVuZRVuZxZuaRZuahdubBhu' +
  'bRhubxlucRluchpudBpudRtudxxteBxteh1tfB1tfR5tfx5sgB9sgiBshCBrhSFrhyFriCJqiiJqjCNpjSNpjyRpkCVokiVokyZnlSZn' +
  'lydmmCdmmihlmylknSlknypjoCpjoitioyxhpSxgpi1gqC5fqS5eqy9erTBdrjBcsDFbsTJaszJatDNZtjRYtzVXuTVWujZVvDdUvThT' +
  'vzlSwDpRwTpQwztPxDxOxj1Nxz5MyD9LykBKy0FJzEJIzkNHz0RG0EVF0kZE00dD1EhC1UpB10s/2Ew+2U092k4821A73VE63lI431M3' +
  '4FU24VY14lc041kz5Fox5Vww5l0v514u6GAt6WEr6mMq62Qp62Yo7Gcm7Wkl7mok72wj724h8G8g8XEf8XMd8nQc83Yb83gZ9HkY9XsX' +
  '9X0V9n4U9oAT94IS94QQ+IUP+IcO+IkM+YsL+YwK+Y4J+pAI+pIH+pQH+5YG+5cG+5kG+5sG+50H/J8H/KEI/KMJ/KUK/KYM/KgN/KoP' +
  '/KwR/K4S/LAU/LIW/LQY+7Ya+7gd+7of+7wh+74j+sAm+sIo+sQq+sYt+ccv+cky+cs1+M03+M8699E999NA9tVD9tdG9dlJ9dtM9N1P' +
  '9N9T9OFW8+Na8+Vd8uZh8uhl8upp8ext8e1x8e918fF58vJ98vSC8/WG8/aK9PiO9fmS9vqW+Pua+fyd+v2h/P+k';
const cividis =
  'ACBRACFTACJVACNWACNYACRZACVaACVcACZdACdeACdfAChgAClhACliACpjACtkAStlAixlAy1mBC1nBS5nBS9oBjBpBzBpCDFqCTJq' +
  'CzJqDDNrDTRrDjRrDzVsEDZsEjdsEzdtFDhtFTltFzltGDptGTttGjttHDxuHT1uHj5uID5uIT9uI0BuJEBuJUFuJ0JuKENuKUNuK0Ru' +
  'LEVuLkVuL0ZuMEduMkhuM0huNEluNkpuN0puOUtuOkxuO01uPU1uPk5uP09uQU9uQlBuQ1FtRFJtRlJtR1NtSFRtSlRtS1VtTFZtTVdt' +
  'TlduUFhuUVluUlluU1puVFtuVlxuV1xuWF1uWV5uWl5uW19uXGBuXWFuXmFuYGJuYWNvYmRvY2RvZGVvZWZvZmZvZ2dvaGhwaWlwamlw' +
  'a2pwbGtwbWxwbWxxbm1xb25xcG9xcW9xcnBxc3FydHFydXJydnNydnRyd3RzeHVzeXZzendze3d0e3h0fHl0fXp0fnp0f3t1gHx1gH11' +
  'gX11gn51g392hIB2hYB2hYF2hoJ2h4N2iIR3iYR3iYV3ioZ3i4d3jId3jYh3jol4jop4j4p4kIt4kYx4ko14k454k454lI94lZB4lpF4' +
  'l5J4mJJ4mZN4mpR4m5V4m5Z4nJZ4nZd4nph4n5l4oJp4oZp4opt4o5x4pJ14pZ53pp53p593qKB3qaF3qqJ2q6N2rKN2raR2rqV1r6Z1' +
  'sKd1sqh0s6h0tKl0tapztqtzt6xyuK1yuq5yu65xvK9xvbBwvrFwv7JvwbNvwrRuw7VtxLVtxbZsx7dsyLhryblqyrpqzLtpzbxozrxo' +
  'z71n0b5m0r9m08Bl1MFk1sJj18Nj2MRi2cVh28Zg3MZg3cdf3she4Mld4cpc4stc48xb5M1a5s5Z589Y6NBY6dFX6tJW69NV7NRU7dRT' +
  '7tVT8NZS8ddR8dhQ8tlQ89pP9NtO9dxN9t1N995M+N9L+OBL+eFK+uJJ+uNJ++RI++VI/OZH/OdG/ehG/elG/epF';

const decode = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const grey = (level: (i: number) => number): Uint8Array =>
  Uint8Array.from({ length: 768 }, (_, i) => level(Math.floor(i / 3)));

/** The maps by name, each [256, 3] RGB. */
export const colourMaps = {
  'grey-inverse': grey((i) => 255 - i),
  grey: grey((i) => i),
  viridis: decode(viridis),
  inferno: decode(inferno),
  cividis: decode(cividis),
} as const;

/** Name of a colour map. */
export type ColourMapName = keyof typeof colourMaps;

/** Names of the maps, in the order in which the page offers them. */
export const colourMapNames = Object.keys(colourMaps) as ColourMapName[];

/** Whether low values are light: overlays are drawn in dark inks then. */
export const isLight = (name: ColourMapName): boolean => name === 'grey-inverse';
