/**
 * What secrets of subjects are used for. Closed: whoever opens what is sealed for a customer names one, and the map
 * (`functions/flow.ts`) says which function may name which.
 */
export const KEY_PURPOSES = {
  understand: 'processing signals: opens what is known of a person, and seals its evidence',
  serve:
    'answering operational systems: attributes of a customer and what contradicts in them, references of their rows',
  derive: 'deriving effects and profiles again from the archive, to prove them',
  disclose: 'gathering what is held of a person for that person',
  correct: 'sealing what a person corrected, and seeing whether it holds',
  erase: 'forgetting a person, and showing that nothing of theirs opens any more',
  affected: 'finding out whom an incident affects',
  forget:
    'removing what is past its time: opens persons that go, to know where matching entered them; secrets under which nothing is kept go unread',
} as const;
export type KeyPurpose = keyof typeof KEY_PURPOSES;
