/** Keys of the sparse index of `identityReviews`: only what waits for a steward carries one. */
export const LISTED = { reviews: { S: 'pending' }, conflicts: { S: 'conflicts' } } as const;
