package io.holdfast.cli;

import io.holdfast.LockName;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A lock's name on the command line. */
final class Name implements ITypeConverter<LockName> {
  @Override
  public LockName convert(String text) {
    try {
      return new LockName(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
