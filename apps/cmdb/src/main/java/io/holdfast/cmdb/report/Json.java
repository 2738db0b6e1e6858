package io.holdfast.cmdb.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * How JSON is read here: a member given twice, an endless number and endless nesting are errors,
 * and a number keeps all of its digits. Thread-safe.
 */
public final class Json {

  /** The deepest nesting of a payload; GLPI and Redfish stay below 12. */
  static final int DEEPEST = 64;

  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEEPEST)
                  .maxNumberLength(400)
                  .maxStringLength(4 * 1024 * 1024)
                  .build())
          .build();

  /** For what comes from outside. */
  static final ObjectMapper STRICT =
      JsonMapper.builder(FACTORY)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /** For what we wrote ourselves, and for writing. */
  public static final ObjectMapper OWN =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  private Json() {}

  /**
   * Reads what a person wrote: a member given twice and more than one value are errors.
   *
   * @throws JsonProcessingException if it is no JSON
   */
  public static JsonNode parse(String json) throws JsonProcessingException {
    return STRICT.readTree(json);
  }

  /** Reads what this program wrote. */
  public static JsonNode parseTrusted(String json) {
    try {
      return OWN.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("not what was written: " + e.getOriginalMessage(), e);
    }
  }
}
