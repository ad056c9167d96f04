// Runs before the first paint, so that a chosen theme never flashes the other one.
// It is a file of its own because the Content-Security-Policy forbids inline scripts. Its name has no
// hash and browsers may keep it for long: a change in what it does needs a new name.
try {
  const theme = localStorage.getItem("wingman.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme then applies.
}
