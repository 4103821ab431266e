package slot

// SpunHeader is the header of an answer that carries the time, in nanoseconds, that was spun on the CPU for it: the known
// delay as whoever added it has measured it.
const SpunHeader = "X-Perso-Spun-Ns"
