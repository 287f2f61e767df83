/** Check digits by which a slip of the pen in a number is found. Pure; every function takes the characters alone, without
 * separators, the check digit included. */

/** Sum of the digits, each times its weight; digits beyond the weights count for nothing. */
export const weightedSum = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, place) => sum + weight * Number(digits[place] ?? 0), 0);

/** ISO/IEC 7812-1, annex B (Luhn): finds every single wrong digit. */
export function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let place = 1; place <= digits.length; place += 1) {
    const digit = Number(digits.at(-place));
    const doubled = place % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** ISO 7064, MOD 11-2 (pure): digits, of which the last may be `X` for ten. Finds every single wrong digit. */
export function hasMod11Radix2Digit(text: string): boolean {
  let remainder = 0;
  for (const digit of text.slice(0, -1)) remainder = ((remainder + Number(digit)) * 2) % 11;
  return '0123456789X'[(12 - remainder) % 11] === text.at(-1);
}

/** ISO 7064, MOD 11,10 (hybrid): finds every single wrong digit. */
export function hasMod11Hybrid10Digit(digits: string): boolean {
  let product = 10;
  for (const digit of digits.slice(0, -1)) product = (((product + Number(digit)) % 10 || 10) * 2) % 11;
  return (11 - product) % 10 === Number(digits.at(-1));
}

/** Two check digits after a number of nine, each modulo 11 over all before it with weights that fall to 2; ten stands as 0
 * (Receita Federal, CPF). Ten and zero look alike, so one wrong digit can pass the first; both it passes hardly ever. */
export function hasCpfDigits(digits: string): boolean {
  const holds = (length: number): boolean => {
    const weights = Array.from({ length }, (_, place) => length + 1 - place);
    return ((weightedSum(digits, weights) * 10) % 11) % 10 === Number(digits[length]);
  };
  return holds(9) && holds(10);
}
