import { expect, it } from "vitest";
import { criticalT, upperTail } from "./student.ts";

// From printed tables of Student's distribution.
it.each([
  [0.05, 1, 6.3138],
  [0.025, 10, 2.2281],
  [0.01, 30, 2.4573],
  [0.0005, 5, 6.8688],
  [0.025, 1e6, 1.96],
])("is exceeded with probability %d at %d degrees of freedom by %d", (alpha, dof, t) => {
  expect(criticalT(alpha, dof)).toBeCloseTo(t, 3);
  expect(upperTail(t, dof)).toBeCloseTo(alpha, 4);
  expect(upperTail(-t, dof)).toBeCloseTo(1 - alpha, 4);
});
