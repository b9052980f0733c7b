import { describe, expect, it } from "vitest";
import { classesOfUsers, usersOfClasses } from "./classes.ts";

describe("users of classes", () => {
  it.each([
    ["shares without a remainder", [3, 1], 8, [6, 2]],
    ["what is left goes to the largest remainders", [5, 30, 10, 15, 5, 1], 100, [8, 45, 15, 23, 8, 1]],
    ["of equal remainders the first class gets the user", [1, 1, 1], 4, [2, 1, 1]],
    ["fewer users than classes", [1, 1, 1], 2, [1, 1, 0]],
    ["fractions as weights", [0.5, 0.25, 0.25], 4, [2, 1, 1]],
  ])("%s", (_, weights, users, expected) => {
    expect(usersOfClasses(weights, users)).toEqual(expected);
  });

  it.each([1, 7, 66, 4000])(
    "%d users: each gets one class, in the very shares, and near them at every moment before",
    (users) => {
      const weights = [5, 30, 10, 15, 5, 1];
      const classes = classesOfUsers(weights, users);
      const totals = usersOfClasses(weights, users);
      const counts = weights.map(() => 0);
      for (const [at, of] of classes.entries()) {
        counts[of] = (counts[of] as number) + 1;
        for (const [i, total] of totals.entries()) {
          expect(Math.abs((counts[i] as number) - (total * (at + 1)) / users)).toBeLessThan(2);
        }
      }
      expect(counts).toEqual(totals);
    },
  );
});
