/**
 * What `load` imports, with React's production build: React decides which it is when it is loaded, and so everything that
 * brings it is imported through here.
 */
export async function loadPage<Module>(load: () => Promise<Module>): Promise<Module> {
  await import("../tui/react-mode.ts");
  return load();
}
