import type { PersonAttributes } from '../functions/contracts/person.ts';

/** Two people whom nothing joins. The surname of the first is rare, and found again wherever it leaks to. */
export const RUTH: PersonAttributes = {
  givenName: 'Ruth',
  surname: 'Qzcroftham',
  birthDate: '1961-02-03',
  street: 'Mill Lane',
  streetNumber: '4',
  postcode: 'CB6 1AA',
  city: 'Ely',
};
export const IBRAHIM: PersonAttributes = {
  givenName: 'Ibrahim',
  surname: 'Okonkwo',
  birthDate: '1988-11-02',
  street: 'High Street',
  streetNumber: '211',
  postcode: 'M14 5RB',
  city: 'Manchester',
};

/** A choice that allows matching and what follows from it. */
export const GRANTED = { profiling: true, personalisation: true, analytics: true };
