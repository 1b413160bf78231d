/** The wavelength in ångström of a photon times its energy in electron volts: h c / e, exact in the SI of 2019. */
export const photonAeV = 12398.41984332003;
