/* Two static Rust libraries in one program. */
#include <stdio.h>

#include "mixcore.h"

int neighbour_add(int a, int b);

int main(void) {
  printf("%s, %d\n", mixcore_version_string(), neighbour_add(2, 3));
  return neighbour_add(2, 3) != 5;
}
